package ibc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"

	"github.com/topnetwork/top/sdk/chain"
)

// A node whose history begins after what the light client knows proves the newest header; the validators whom the client trusts are named by one that has more.
func TestHeadersAreProvenWithAnotherNodesHistory(t *testing.T) {
	set, keys := cmttypes.RandValidatorSet(4, 10)
	later, laterKeys := cmttypes.RandValidatorSet(4, 10)
	var asked int
	fresh := serve(t, signed(t, 9, time.Now(), []byte("root"), later, laterKeys), later, &asked)
	archive := serve(t, signed(t, 5, time.Now().Add(-time.Hour), []byte("old root"), set, keys), set, &asked)
	client, err := chain.New(chain.Config{GRPC: "127.0.0.1:1", ChainID: "top-a-1"})
	require.NoError(t, err)
	defer client.Close()
	for name, addresses := range map[string][]string{"the fresh one first": {fresh, archive}, "the archive first": {archive, fresh}} {
		t.Run(name, func(t *testing.T) {
			n, err := dialNodes("top-a-1", addresses, rpcTimeout)
			require.NoError(t, err)
			header, err := (&Endpoint{Client: client, nodes: n}).header(t.Context(), 9, clienttypes.NewHeight(1, 5), set.Hash())
			require.NoError(t, err)
			require.EqualValues(t, 9, header.Header.Height)
			trusted, err := cmttypes.ValidatorSetFromProto(header.TrustedValidators)
			require.NoError(t, err)
			require.Equal(t, set.Hash(), trusted.Hash())
		})
	}
	alone, err := dialNodes("top-a-1", []string{fresh}, rpcTimeout)
	require.NoError(t, err)
	_, err = (&Endpoint{Client: client, nodes: alone}).header(t.Context(), 9, clienttypes.NewHeight(1, 5), set.Hash())
	require.ErrorContains(t, err, "not those that header 5 names")
}
