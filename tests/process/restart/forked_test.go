//go:build process

package restart

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/privval"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/headers"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// forks a shard: its committee signs another header of a height that it has, with the keys of its hosts, in another round. Both together freeze the shard on the main chain, and nobody is jailed: of two rounds it cannot be told who broke the rules.
func (n *network) forks(shard string) {
	t := n.t
	t.Helper()
	client, err := rpchttp.New(n.Shard(shard).Nodes[0].RPC, "/websocket")
	require.NoError(t, err)
	n.await(shard+" is frozen for its fork", func(ctx context.Context) error {
		real, err := client.Commit(ctx, nil)
		if err != nil {
			return err
		}
		forged := *real.Header
		forged.AppHash = make([]byte, 32)
		set, keys, err := n.members(ctx, client, forged.Height)
		if err != nil {
			return err
		}
		if string(set.Hash()) != string(forged.ValidatorsHash) {
			return errors.New("the committee is not that of the header")
		}
		msg := &shardstypes.MsgForkEvidence{Signer: n.steward.Address(), Shard: shard}
		for _, h := range []*cmttypes.SignedHeader{&real.SignedHeader, headers.SignIn(real.Commit.Round+1, &forged, set, keys)} {
			raw, err := h.ToProto().Marshal()
			if err != nil {
				return err
			}
			msg.SignedHeaders = append(msg.SignedHeaders, raw)
		}
		// The committee may have changed meanwhile: a former one's fork freezes nothing.
		_, err = n.main.Send(ctx, n.steward, msg)
		r, asked := n.record(ctx, shard)
		if asked == nil && r.Shard.Status == shardstypes.Status_STATUS_FROZEN {
			return nil
		}
		return errors.Join(err, asked, errors.New("it runs"))
	})
	for i := range n.Main.Nodes {
		require.ErrorContains(t, n.jailed(t.Context(), i), "it is not")
	}
}

// members of a shard at a height, with the keys of their hosts.
func (n *network) members(ctx context.Context, client *rpchttp.HTTP, height int64) (*cmttypes.ValidatorSet, []ed25519.PrivKey, error) {
	res, err := client.Validators(ctx, &height, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	var keys []ed25519.PrivKey
	for _, v := range res.Validators {
		for _, host := range n.Main.Nodes {
			key := privval.LoadFilePVEmptyState(filepath.Join(host.Home, "config", "priv_validator_key.json"), "").Key.PrivKey.(ed25519.PrivKey)
			if key.PubKey().Equals(v.PubKey) {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) != len(res.Validators) {
		return nil, nil, fmt.Errorf("%d of %d members are hosts here", len(keys), len(res.Validators))
	}
	return headers.Set(keys, shardstypes.Power), keys, nil
}
