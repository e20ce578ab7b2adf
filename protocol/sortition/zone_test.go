package sortition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Epoch after epoch, with candidates that come and go: no auditor or its standby is a member or standby of a shard of its zone.
func TestAuditorsSitInNoShardTheyAudit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := Zone{
			Seed:     drawSeed(t),
			Auditors: Committee{Name: "audit/zone-1", Size: rapid.IntRange(1, 10).Draw(t, "auditors"), Standbys: rapid.IntRange(0, 4).Draw(t, "auditors' standbys")},
			Shards: []Committee{
				{Name: "top-shard-1", Size: rapid.IntRange(1, 12).Draw(t, "size 1"), Standbys: 3},
				{Name: "top-shard-2", Size: rapid.IntRange(1, 12).Draw(t, "size 2"), Standbys: 3},
			},
		}
		pool := equal(50)
		for ; z.Epoch < 8; z.Epoch++ {
			z.Candidates = nil
			for _, c := range pool {
				if z.Epoch == 0 || rapid.IntRange(0, 3).Draw(t, "proves") > 0 {
					z.Candidates = append(z.Candidates, c)
				}
			}
			out, err := z.Run()
			require.NoError(t, err)
			audit := slices.Concat(out.Auditors.Members, out.Auditors.Standbys)
			for i, s := range out.Shards {
				require.Zero(t, common(audit, slices.Concat(s.Members, s.Standbys)))
				require.Len(t, s.Members, z.Shards[i].Size)
				z.Shards[i].Sitting = s.Members
			}
			require.Len(t, out.Auditors.Members, z.Auditors.Size)
			z.Auditors.Sitting = out.Auditors.Members
		}
	})
}

// A draw for one committee never unseats a member of another.
func TestZoneForcesNobodyOut(t *testing.T) {
	z := Zone{
		Candidates: equal(40),
		Auditors:   Committee{Name: "audit/zone-1", Size: 8, Standbys: 4},
		Shards:     []Committee{{Name: "top-shard-1", Size: 12, Standbys: 4}},
	}
	for ; z.Epoch < 200; z.Epoch++ {
		out, err := z.Run()
		require.NoError(t, err)
		require.Empty(t, out.Auditors.Held)
		require.Empty(t, out.Shards[0].Held)
		// Of 12 two leave by lot and of 8 one; an exclusion would come on top.
		if z.Epoch > 0 {
			require.LessOrEqual(t, len(out.Shards[0].Left), 2)
			require.LessOrEqual(t, len(out.Auditors.Left), 1)
		}
		z.Auditors.Sitting, z.Shards[0].Sitting = out.Auditors.Members, out.Shards[0].Members
	}
}

func TestZoneTellsWhichCommitteeCannotBeFilled(t *testing.T) {
	z := Zone{Candidates: equal(20), Auditors: Committee{Name: "audit/zone-1", Size: 8}, Shards: []Committee{{Name: "top-shard-1", Size: 13}}}
	_, err := z.Run()
	require.ErrorIs(t, err, ErrTooFew)
	require.ErrorContains(t, err, "top-shard-1 needs 13, there are 12")
	z.Candidates = equal(7)
	_, err = z.Run()
	require.ErrorContains(t, err, "audit/zone-1 needs 8")
}
