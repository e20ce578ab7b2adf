package quota

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDefaults(t *testing.T) {
	p := Default()
	require.NoError(t, p.Check())
	require.Zero(t, p.Capacity(0))
	require.Equal(t, uint64(1728*9), p.Capacity(9*top))
	require.Equal(t, uint64(1728*10+2_500_000), p.Capacity(10*top))
	require.Equal(t, p.Cap, p.Capacity(1<<63))
	require.Equal(t, uint64(20_000+298*50+15_000), p.Cost(298, Ed25519))
	require.Equal(t, uint64(20_000+298*50+45_000), p.Cost(298, Secp256k1))
}

func TestParamsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Params){
		"no cap":                    func(p *Params) { p.Cap = 0 },
		"floor beyond the cap":      func(p *Params) { p.Floor = p.Cap + 1 },
		"free transfers":            func(p *Params) { p.Price.Transfer = 0 },
		"cheap accounts":            func(p *Params) { p.Price.Create = 99 * p.Price.Transfer },
		"no fee":                    func(p *Params) { p.Fee = 0 },
		"a price that overflows":    func(p *Params) { p.Price.Byte = 1 << 41 },
		"a refill beyond all reach": func(p *Params) { p.PerTop = 1 << 41 },
	} {
		t.Run(name, func(t *testing.T) {
			p := Default()
			change(&p)
			require.ErrorIs(t, p.Check(), ErrParams)
		})
	}
}

// TestRefillInSteps: however often an account is written to, it has what one step would bring, up to a unit.
func TestRefillInSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Default()
		utop := rapid.Uint64Range(0, 1<<60).Draw(t, "utop")
		start := Mana{Left: rapid.Uint64Range(0, p.Capacity(utop)).Draw(t, "left"), Time: rapid.Int64Range(0, 1<<61).Draw(t, "time")}
		now, stepped := start.Time, start
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, Day/50), 0, 60).Draw(t, "steps") {
			now += d
			stepped = p.Refilled(stepped, utop, now)
		}
		once := p.Refilled(start, utop, now)
		require.LessOrEqual(t, stepped.Left, once.Left)
		require.LessOrEqual(t, once.Left-stepped.Left, uint64(1))
		require.LessOrEqual(t, once.Left, p.Capacity(utop))
		require.Equal(t, p.Capacity(utop), p.Refilled(start, utop, start.Time+Day).Left)
		require.Equal(t, start.Left, p.Refilled(start, utop, start.Time-1).Left, "time that goes back brings nothing and takes nothing")
	})
}

// TestMovingABalanceBringsNothing: whoever moves a balance through many accounts has no more quota than who leaves it where it is.
func TestMovingABalanceBringsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Default()
		utop := rapid.Uint64Range(1, 1<<55).Draw(t, "utop")
		stays := Mana{}
		var moved, used uint64
		now := int64(0)
		for range rapid.IntRange(1, 40).Draw(t, "accounts") {
			d := rapid.Int64Range(0, Day/40).Draw(t, "held")
			now += d
			// The next account begins with nothing: coins that come bring no mana. All that was refilled is used before they go.
			used += p.Refilled(Mana{Time: now - d}, utop, now).Left
			moved++
		}
		stays = p.Refilled(stays, utop, now)
		require.LessOrEqual(t, used, stays.Left+moved)
	})
}

// TestSplittingABalance: the part that grows with the balance does not grow by splitting it; each floor needs a balance of its own.
func TestSplittingABalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Default()
		utop, n := rapid.Uint64Range(0, 1<<50).Draw(t, "utop"), rapid.Uint64Range(1, 1<<20).Draw(t, "accounts")
		floors := uint64(0)
		if utop/n >= p.FloorBalance {
			floors = n
		}
		if whole := p.Capacity(utop); whole < p.Cap {
			require.LessOrEqual(t, n*p.Capacity(utop/n), whole+floors*p.Floor)
		}
	})
}

func TestCut(t *testing.T) {
	m := Mana{Left: 100, Time: 7}
	require.Equal(t, Mana{25, 7}, m.Cut(1000, 250))
	require.Equal(t, Mana{0, 7}, m.Cut(1000, 0))
	require.Equal(t, Mana{0, 7}, m.Cut(0, 0))
	require.Equal(t, m, m.Cut(1000, 2000))
	require.Equal(t, uint64(1<<63), Mana{Left: 1<<64 - 2}.Cut(1<<64-1, 1<<63+1).Left)
}

func TestPay(t *testing.T) {
	p := Default()
	left, fee, err := p.Pay(Mana{Left: 60_000, Time: 3}, 50_000, 0)
	require.NoError(t, err)
	require.Equal(t, Mana{10_000, 3}, left)
	require.Zero(t, fee)

	_, _, err = p.Pay(Mana{Left: 49_999}, 50_000, 0)
	require.ErrorIs(t, err, ErrQuota)
	require.ErrorContains(t, err, "offer a fee of 1utop")

	left, fee, err = p.Pay(Mana{Left: 1, Time: 3}, 5_000_001, 2_000_000)
	require.NoError(t, err)
	require.Equal(t, Mana{0, 3}, left)
	require.Equal(t, uint64(1000), fee, "no more is taken than is needed")

	_, _, err = p.Pay(Mana{}, 1<<63, 1<<40)
	require.ErrorIs(t, err, ErrQuota)
}
