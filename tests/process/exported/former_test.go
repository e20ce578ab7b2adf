//go:build process

package exported

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/privval"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/protocol/receipt"
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

// terms of a shard that another one knows, from the first on.
func terms(ctx context.Context, at *localnet.Chain, of string) (list []latticetypes.Members) {
	for term := uint64(1); ; term++ {
		m, err := committee(ctx, at, of, term)
		if err != nil {
			return list
		}
		list = append(list, m)
	}
}

// sitsAgain tells whether a committee of a term has become one of a later one, too.
func sitsAgain(m latticetypes.Members, all []latticetypes.Members) bool {
	return slices.ContainsFunc(all, func(later latticetypes.Members) bool {
		return later.Term > m.Term && slices.EqualFunc(sorted(later.Keys), sorted(m.Keys), bytes.Equal)
	})
}

func sorted(keys [][]byte) [][]byte { return slices.SortedFunc(slices.Values(keys), bytes.Compare) }

// change of a committee that another shard knows of.
type change struct {
	source, destination *localnet.Chain
	// former committee, which no later one is, and the height from which on the next one decided.
	former latticetypes.Members
	first  int64
}

// changed waits for one.
func (s sharded) changed() (found change) {
	s.t.Helper()
	require.NoError(s.t, s.FindShards(s.t.Context()))
	s.await("a rotation that others know", func(ctx context.Context) error {
		for i, c := range s.Shards {
			all := terms(ctx, s.Shards[1-i], c.ID)
			for j := range all[:max(len(all), 1)-1] {
				if all[j+1].FirstHeight > 0 && !sitsAgain(all[j], all) {
					found = change{c, s.Shards[1-i], all[j], int64(all[j+1].FirstHeight)}
					return nil
				}
			}
		}
		return errors.New("nobody knows a committee that sits no more, and where the next one began")
	})
	return found
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

// betrayed by a former committee, whose members turn on the network after their term: what they sign in place of a delivery that waits, all of them, with the keys that they had, is refused by every member of the destination, and by the main chain.
func (s sharded) betrayed(c change, anchor func(shard string, signed *cmttypes.SignedHeader) error) {
	s.t.Helper()
	if sitsAgain(c.former, terms(s.t.Context(), c.destination, c.source.ID)) {
		c = s.changed()
	}
	// What was in a pool already may be taken under way: then it is the next batch's turn.
	for !s.refuses(c, anchor) {
	}
}

// refuses what a former committee signs in place of a batch that waits; false where that was taken meanwhile.
func (s sharded) refuses(c change, anchor func(shard string, signed *cmttypes.SignedHeader) error) bool {
	s.t.Helper()
	ctx := s.t.Context()
	batch, header, proof := s.waits(c)
	by := s.keys(c.former)
	require.Len(s.t, by, len(c.former.Keys), "all of them")
	set := headers.Set(by, c.former.Power)
	h, err := cmttypes.HeaderFromProto(header.Header)
	require.NoError(s.t, err)
	// As their own header, and as that of the committee which sits.
	own := h
	own.ValidatorsHash = set.Hash()
	for _, signed := range []*cmttypes.SignedHeader{headers.Sign(&own, set, by), headers.Sign(&h, set, by)} {
		tx := &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: batch.Batch, Proof: &latticetypes.Proof{Header: signed.ToProto(), Ops: proof}}}}
		raw, err := tx.Marshal()
		require.NoError(s.t, err)
		for _, node := range c.destination.Nodes {
			client, err := rpchttp.New(node.RPC, "/websocket")
			require.NoError(s.t, err)
			res, err := client.BroadcastTxSync(ctx, raw)
			require.NoError(s.t, err)
			require.NotZero(s.t, res.Code, node.Name)
			if strings.Contains(res.Log, receipt.ErrReplay.Error()) {
				return false
			}
			// Where the committee that sits is newer than what the main chain has seen of it, the former one's term is over.
			require.Regexp(s.t, "not trusted|is over", res.Log, node.Name)
		}
		require.ErrorContains(s.t, anchor(c.source.ID, signed), shardstypes.ErrRefused.Error())
	}
	return true
}

// waits for the batch that the destination would take next, of later ones it would say that there is a gap; with its proof by a header of the committee that sits.
func (s sharded) waits(c change) (batch latticetypes.Batch, header *cmtproto.SignedHeader, proof *cmtcrypto.ProofOps) {
	s.t.Helper()
	at, err := carrier.Dial(c.source.ID, []nodes.Node{{RPC: c.source.Nodes[0].RPC, GRPC: c.source.Nodes[0].GRPC}})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, at.Close()) }()
	s.await("a batch of "+c.source.ID, func(ctx context.Context) error {
		_, taken, err := crossed(ctx, localnet.REST{URL: c.destination.Nodes[0].REST}, shardLedgers, c.source.ID)
		if err != nil {
			return err
		}
		batches, err := at.Batches(ctx, c.destination.ID, taken)
		if err != nil || len(batches) == 0 {
			return errors.Join(err, errors.New("none waits"))
		}
		batch = batches[0]
		if header, err = at.Header(ctx, 0); err == nil && (header.Header.Height <= c.first || uint64(header.Header.Height) <= batch.Height) {
			err = fmt.Errorf("height is %d", header.Header.Height)
		}
		return err
	})
	value, proof, err := at.Prove(s.t.Context(), batch.Key, header)
	require.NoError(s.t, err)
	require.NotEmpty(s.t, value)
	return batch, header, proof
}
