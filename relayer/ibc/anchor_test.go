package ibc

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/sdk/chain"
)

// signed is a header of a height with the state root, signed by its validators.
func signed(t *testing.T, height int64, at time.Time, root []byte, set *cmttypes.ValidatorSet, keys []cmttypes.PrivValidator) *cmttypes.SignedHeader {
	t.Helper()
	header := &cmttypes.Header{
		Version: cmtversion.Consensus{Block: 11}, ChainID: "top-a-1", Height: height, Time: at, AppHash: root,
		ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ConsensusHash: make([]byte, 32), DataHash: make([]byte, 32), EvidenceHash: make([]byte, 32),
		LastCommitHash: make([]byte, 32), LastResultsHash: make([]byte, 32), ProposerAddress: set.Validators[0].Address,
		LastBlockID: cmttypes.BlockID{Hash: make([]byte, 32), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: make([]byte, 32)}},
	}
	id := cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: make([]byte, 32)}}
	commit := &cmttypes.Commit{Height: height, BlockID: id}
	for i, key := range keys {
		vote := &cmttypes.Vote{Type: 2, Height: height, BlockID: id, Timestamp: at, ValidatorAddress: set.Validators[i].Address, ValidatorIndex: int32(i)}
		v := vote.ToProto()
		require.NoError(t, key.SignVote("top-a-1", v))
		commit.Signatures = append(commit.Signatures, cmttypes.CommitSig{
			BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: vote.ValidatorAddress, Timestamp: at, Signature: v.Signature,
		})
	}
	return &cmttypes.SignedHeader{Header: header, Commit: commit}
}

// serve a header as the newest one.
func serve(t *testing.T, h *cmttypes.SignedHeader, set *cmttypes.ValidatorSet, asked *int) string {
	t.Helper()
	encode := func(v any) string {
		bz, err := cmtjson.Marshal(v)
		require.NoError(t, err)
		return string(bz)
	}
	return fakeNode(t, func(method string) string {
		*asked++
		switch method {
		case "status":
			return statusOf("top-a-1", h.Height, h.Time, false)
		case "commit":
			return encode(ctypes.ResultCommit{SignedHeader: *h, CanonicalCommit: true})
		default:
			return encode(ctypes.ResultValidators{BlockHeight: h.Height, Validators: set.Validators, Count: set.Size(), Total: set.Size()})
		}
	})
}

// A state that only a node vouches for proves nothing: the header must be signed by validators who follow from those that are trusted. Whoever shows another one loses its turn.
func TestAuditsTrustNoHeaderThatANodeMadeUp(t *testing.T) {
	now := time.Now()
	set, keys := cmttypes.RandValidatorSet(4, 10)
	others, otherKeys := cmttypes.RandValidatorSet(4, 10)
	trusted := &anchor{signed(t, 5, now.Add(-time.Minute), []byte("old root"), set, keys), set}
	truth := signed(t, 9, now, []byte("root"), set, keys)
	for name, forged := range map[string]struct {
		header *cmttypes.SignedHeader
		set    *cmttypes.ValidatorSet
	}{
		"other validators":  {signed(t, 9, now, []byte("lie"), others, otherKeys), others},
		"too few signed it": {signed(t, 9, now, []byte("lie"), set, keys[:2]), set},
		"from the future":   {signed(t, 9, now.Add(time.Hour), []byte("lie"), set, keys), set},
	} {
		t.Run(name, func(t *testing.T) {
			var liar, honest int
			n, err := dialNodes("top-a-1", []string{serve(t, forged.header, forged.set, &liar), serve(t, truth, set, &honest)}, rpcTimeout)
			require.NoError(t, err)
			client, err := chain.New(chain.Config{GRPC: "127.0.0.1:1", ChainID: "top-a-1"})
			require.NoError(t, err)
			defer client.Close()
			e := &Endpoint{Client: client, nodes: n, anchor: trusted}
			v, err := e.verified(t.Context(), e, "")
			require.NoError(t, err)
			require.Equal(t, "root", string(v.root))
			require.EqualValues(t, 9, v.height)
			require.Positive(t, liar)
			require.EqualValues(t, 9, e.anchor.header.Height, "the next one is verified from here")
			asked := liar
			_, err = e.verified(t.Context(), e, "")
			require.NoError(t, err)
			require.Equal(t, asked, liar, "it keeps no turn")

			alone, err := dialNodes("top-a-1", []string{serve(t, forged.header, forged.set, &liar)}, rpcTimeout)
			require.NoError(t, err)
			_, err = (&Endpoint{Client: client, nodes: alone, anchor: trusted}).verified(t.Context(), e, "")
			require.ErrorContains(t, err, fmt.Sprintf("header %d", forged.header.Height))
		})
	}
}
