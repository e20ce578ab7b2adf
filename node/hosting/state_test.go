package hosting

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const stall = 30 * time.Second

var began = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// Each step of a story is told to a record; it must then be in a state, and judge its process so.
func TestRecord(t *testing.T) {
	type step struct {
		after  time.Duration
		do     string
		health Health
		others int64
		state  State
		ill    string
	}
	for name, steps := range map[string][]step{
		"it begins, syncs and follows": {
			{0, "launch", Health{}, 0, Starting, ""},
			{2 * time.Second, "seen", Health{Height: 0}, 50, Syncing, ""},
			{2 * time.Second, "seen", Health{Height: 40, Syncing: true}, 50, Syncing, ""},
			{2 * time.Second, "seen", Health{Height: 50}, 50, Running, ""},
		},
		"a shard that stands still is not one node's fault": {
			{0, "launch", Health{}, 0, Starting, ""},
			{time.Second, "seen", Health{Height: 9}, 9, Running, ""},
			{time.Hour, "seen", Health{Height: 9}, 9, Running, ""},
			{time.Hour, "seen", Health{Height: 9}, 10, Running, ""},
		},
		"others go on": {
			{0, "launch", Health{}, 0, Starting, ""},
			{time.Second, "seen", Health{Height: 9}, 9, Running, ""},
			{stall, "seen", Health{Height: 9}, 30, Running, ""},
			{time.Second, "seen", Health{Height: 9}, 30, Running, "no block after height 9"},
		},
		"it has begun alone": {
			{0, "launch", Health{}, 0, Starting, ""},
			{time.Second, "seen", Health{Missing: 2}, 0, Syncing, ""},
			{stall + time.Second, "seen", Health{Missing: 2}, 0, Syncing, "2 hosts of the shard are not among its peers"},
		},
		"a slow start is none to give up": {
			{0, "launch", Health{}, 0, Starting, ""},
			{5 * stall, "", Health{}, 100, Starting, ""},
			{6 * stall, "", Health{}, 100, Starting, "no answer for 5m30s since its start"},
		},
		"it falls silent": {
			{0, "launch", Health{}, 0, Starting, ""},
			{time.Second, "seen", Health{Height: 9}, 9, Running, ""},
			{stall, "", Health{}, 9, Running, ""},
			{time.Second, "", Health{}, 9, Running, "no answer for 31s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, now := newRecord(), began
			require.Equal(t, Waiting, r.state)
			for i, s := range steps {
				now = now.Add(s.after)
				switch s.do {
				case "launch":
					r.launched(now)
				case "seen":
					r.seen(now, s.health)
				}
				require.Equal(t, s.state, r.state, "step %d", i)
				err := r.verdict(now, s.others, stall)
				if s.ill == "" {
					require.NoError(t, err, "step %d", i)
				} else {
					require.ErrorContains(t, err, s.ill, "step %d", i)
				}
			}
		})
	}
}

// Pauses double up to the longest, and begin anew after a process that has run well.
func TestPauses(t *testing.T) {
	r, now := newRecord(), began
	why := errors.New("bad genesis")
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		require.Equal(t, want*time.Second, r.ended(now, why))
		require.Equal(t, Waiting, r.state)
		require.Equal(t, "bad genesis", r.err)
		now = r.until
	}
	for range 100 {
		require.Equal(t, mostPause, r.ended(now, why))
	}
	r.launched(now)
	require.Equal(t, mostPause, r.ended(now.Add(time.Hour), why), "a process that never answered has not run well")
	r.launched(now)
	r.seen(now.Add(time.Second), Health{Height: 1})
	require.Empty(t, r.err, "what was wrong is over")
	require.Equal(t, mostPause, r.ended(now.Add(steady-time.Second), why))
	r.launched(now)
	r.seen(now.Add(time.Second), Health{Height: 1})
	require.Equal(t, firstPause, r.ended(now.Add(steady), why))
	require.Equal(t, 1, r.failures)
}

func TestDuties(t *testing.T) {
	const a, b = "top-z0.s0-1", "top-z0.s1-1"
	duties := dutiesOf([]shardstypes.Assignment{
		{Shard: a, Role: shardstypes.Role_ROLE_STANDBY, Term: 1, Running: true},
		{Shard: a, Role: shardstypes.Role_ROLE_MEMBER, Term: 2},
		{Shard: b, Role: shardstypes.Role_ROLE_AUDITOR, Epoch: 4, Running: true},
		{Shard: b, Role: shardstypes.Role_ROLE_AUDITOR, Epoch: 5},
	})
	require.Equal(t, map[string]Duty{
		a: {ChainID: a, Role: shardstypes.Role_ROLE_MEMBER},
		b: {ChainID: b, Role: shardstypes.Role_ROLE_AUDITOR, Audits: true},
	}, duties)
	require.Equal(t, "member", duties[a].RoleName())
	next := dutiesOf([]shardstypes.Assignment{{Shard: b, Role: shardstypes.Role_ROLE_AUDITOR, Epoch: 5}})
	require.False(t, next[b].Audits, "its word does not count yet")
}

// A shard runs for a few blocks after its last need, and does not audit meanwhile; who needs it again finds it running.
func TestPlanLingers(t *testing.T) {
	const name = "top-z0.s0-1"
	d := Duty{ChainID: name, Role: shardstypes.Role_ROLE_AUDITOR, Audits: true}
	needed, none := map[string]Duty{name: d}, map[string]Duty{}
	p := newPlan(3)
	require.Empty(t, p.at(1, none))
	require.Equal(t, needed, p.at(2, needed))
	for height := int64(3); height <= 5; height++ {
		run := p.at(height, none)
		require.Contains(t, run, name, "height %d", height)
		require.False(t, run[name].Audits)
	}
	require.Empty(t, p.at(6, none))
	require.Equal(t, needed, p.at(7, needed))
	require.Contains(t, p.at(10, none), name)
	require.Equal(t, needed, p.at(11, needed))
	require.Contains(t, p.at(14, none), name, "the last need counts")
	require.Empty(t, p.at(15, none))
}
