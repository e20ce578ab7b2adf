//go:build process

package exported

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/relayer/nodes"
	carrier "github.com/topnetwork/top/relayer/router"
	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// committee of a shard's term, as another shard knows it.
func committee(ctx context.Context, at *localnet.Chain, of string, term uint64) (m latticetypes.Members, err error) {
	client, err := rpchttp.New(at.Nodes[0].RPC, "/websocket")
	if err != nil {
		return m, err
	}
	pair := collections.PairKeyCodec(collections.StringKey, collections.Uint64Key)
	key, err := collections.EncodeKeyWithPrefix(latticetypes.MembersKey.Bytes(), pair, collections.Join(of, term))
	if err != nil {
		return m, err
	}
	res, err := client.ABCIQuery(ctx, "/store/lattice/key", key)
	if err == nil && len(res.Response.Value) == 0 {
		err = fmt.Errorf("%s knows no term %d of %s", at.ID, term, of)
	}
	if err != nil {
		return m, err
	}
	return m, m.Unmarshal(res.Response.Value)
}

// rotatedPair of two shards: a source whose committee has changed, and another one that knows from which height on.
func (s sharded) rotatedPair() (source, destination *localnet.Chain, first int64) {
	s.t.Helper()
	require.NoError(s.t, s.FindShards(s.t.Context()))
	s.await("a rotation that others know", func(ctx context.Context) error {
		var errs error
		for i, c := range s.Shards {
			m, err := committee(ctx, s.Shards[1-i], c.ID, 2)
			if err == nil && m.FirstHeight > 0 {
				source, destination, first = c, s.Shards[1-i], int64(m.FirstHeight)
				return nil
			}
			errs = errors.Join(errs, err)
		}
		return errors.Join(errs, errors.New("nobody knows where a second term began"))
	})
	return source, destination, first
}

// keys of hosts that are in a committee, with which they sign.
func (s sharded) keys(m latticetypes.Members) (list []ed25519.PrivKey) {
	for _, host := range s.Main.Nodes {
		key := privval.LoadFilePVEmptyState(filepath.Join(host.Home, "config", "priv_validator_key.json"), "").Key.PrivKey.(ed25519.PrivKey)
		if slices.ContainsFunc(m.Keys, func(k []byte) bool { return string(k) == string(key.PubKey().Bytes()) }) {
			list = append(list, key)
		}
	}
	return list
}

// former committee of a source, whose members turn on the network after their term: what they sign in place of a delivery that waits, all of them, with the keys that they had, is refused by every member of the destination, and by the main chain.
func (s sharded) former(source, destination *localnet.Chain, first int64, anchor func(signed *cmttypes.SignedHeader) error) {
	s.t.Helper()
	ctx := s.t.Context()
	at, err := carrier.Dial(source.ID, []nodes.Node{{RPC: source.Nodes[0].RPC, GRPC: source.Nodes[0].GRPC}})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, at.Close()) }()
	var batch latticetypes.Batch
	var header *cmtproto.SignedHeader
	s.await("a batch of "+source.ID, func(ctx context.Context) error {
		// The one that it would take next: of later ones it would say that there is a gap.
		_, taken, err := crossed(ctx, localnet.REST{URL: destination.Nodes[0].REST}, shardLedgers, source.ID)
		if err != nil {
			return err
		}
		batches, err := at.Batches(ctx, destination.ID, taken)
		if err != nil || len(batches) == 0 {
			return errors.Join(err, errors.New("none waits"))
		}
		batch = batches[0]
		if header, err = at.Header(ctx, 0); err == nil && (header.Header.Height <= first || uint64(header.Header.Height) <= batch.Height) {
			err = fmt.Errorf("height is %d", header.Header.Height)
		}
		return err
	})
	value, ops, err := at.Prove(ctx, batch.Key, header)
	require.NoError(s.t, err)
	require.NotEmpty(s.t, value)

	m, err := committee(ctx, destination, source.ID, 1)
	require.NoError(s.t, err)
	by := s.keys(m)
	require.Len(s.t, by, len(m.Keys), "all of them")
	set := headers.Set(by, m.Power)
	h, err := cmttypes.HeaderFromProto(header.Header)
	require.NoError(s.t, err)
	// As their own header, and as that of the committee which sits.
	own := h
	own.ValidatorsHash = set.Hash()
	for _, signed := range []*cmttypes.SignedHeader{headers.Sign(&own, set, by), headers.Sign(&h, set, by)} {
		tx := &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: batch.Batch, Proof: &latticetypes.Proof{Header: signed.ToProto(), Ops: ops}}}}
		raw, err := tx.Marshal()
		require.NoError(s.t, err)
		for _, node := range destination.Nodes {
			client, err := rpchttp.New(node.RPC, "/websocket")
			require.NoError(s.t, err)
			res, err := client.BroadcastTxSync(ctx, raw)
			require.NoError(s.t, err)
			require.NotZero(s.t, res.Code, node.Name)
			require.Contains(s.t, res.Log, "not trusted", node.Name)
		}
		require.ErrorContains(s.t, anchor(signed), shardstypes.ErrRefused.Error())
	}
}
