package shard

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// A fresh node joins a shard by a snapshot of both stores, follows it, and knows the accounts and none of the blocks before.
func TestFreshNodeJoinsByStateSync(t *testing.T) {
	const interval, rich = 8, 10_000_000_000
	a := userOf(t, 0)
	cfgs, nodes := founded(t, 2, 1, map[lattice.Address]int64{a.address: rich, everyonesFriend: rich}, func(cfg Config) {
		// Blocks are fast here: what is offered to the newcomer must still be there when it asks for it.
		cfg.App.StateSync.SnapshotInterval, cfg.App.StateSync.SnapshotKeepRecent = interval, 100
	})
	start(t, nodes[:2]...)
	rpc := rpcOf(t, nodes[0])
	for sequence := range uint64(5) {
		broadcast(t, rpc, a.send(sequence, 1000+sequence))
	}
	awaitHeight(t, rpc, 2*interval+3)
	trusted := int64(interval / 2)
	commit, err := rpc.Commit(t.Context(), &trusted)
	require.NoError(t, err)

	sync := cfgs[2].Comet.StateSync
	sync.Enable, sync.RPCServers = true, []string{nodes[0].Endpoints().RPC, nodes[1].Endpoints().RPC}
	sync.TrustHeight, sync.TrustHash, sync.TrustPeriod, sync.DiscoveryTime = trusted, commit.Header.Hash().String(), time.Hour, 5*time.Second
	cmtcfg.WriteConfigFile(filepath.Join(nodes[2].Home, "config", config.CometFile), cfgs[2].Comet)
	start(t, nodes[2])
	fresh := rpcOf(t, nodes[2])
	last := awaitHeight(t, fresh, 3*interval)
	s, err := fresh.Status(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.SyncInfo.EarliestBlockHeight, int64(interval), "it has not replayed the shard")
	// REST comes up after the RPC.
	require.Eventually(t, func() bool {
		var answer struct {
			Account struct {
				Sequence string `json:"sequence"`
			} `json:"account"`
		}
		res, err := http.Get(nodes[2].Endpoints().REST + "/cosmos/auth/v1beta1/accounts/" + sendtx.Bech32(a.address))
		return err == nil && errors.Join(json.NewDecoder(res.Body).Decode(&answer), res.Body.Close()) == nil && answer.Account.Sequence == "5"
	}, nodePatience, nodePoll)

	// It takes transfers and hands them on.
	raw := a.send(5, 7)
	broadcast(t, fresh, raw)
	hash := sendtx.Hash(raw)
	require.Eventually(t, func() bool {
		_, err := fresh.Tx(t.Context(), hash[:], false)
		return err == nil
	}, nodePatience, nodePoll)
	sameState(t, nodes, awaitHeight(t, fresh, last+1))
}
