//go:build process

package restart

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// Wallets of two shards pay each other without a pause. One shard is frozen, for its committee has signed two headers of one height, while what it sent is not audited yet, and started again: its next generation debits that first, everybody pays on, no coin is gone or new, and all its members have the same
// state. The router is killed at every step of it.
func TestFrozenShardIsRestarted(t *testing.T) {
	n := start(t, 2, localnet.Config{Dir: "test-restart", Validators: 4})
	n.audited(first, 20)
	n.paid(10)

	frozenAt := time.Now()
	n.forks(first)
	n.logf("%s is frozen after %d payments", first, n.purses[0].Count())
	require.NoError(t, n.Kill(localnet.RouterName))
	n.says(&shardstypes.MsgRestart{Authority: n.steward.Address(), Shard: first})
	n.killedAtEveryStep()
	n.await(next+" takes payments", n.purses[0].PaidAs(1))
	back := time.Since(frozenAt)
	n.logf("%s takes payments %.1fs after %s was frozen", next, back.Seconds(), first)
	require.Less(t, back, backWithin)
	n.paid(5)
	n.rest()
	n.agree()
}
