package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/testutil/nodes"
)

// Whatever becomes of candidates and members, at whatever height: CometBFT takes every update (its own code is asked), somebody sits, nobody sits who is not able while anyone
// elected is, and the books hold.
func TestWhateverHappensToValidators(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n, names := begun(t, 8)
		for range rapid.IntRange(1, 45).Draw(r, "blocks") {
			for range rapid.IntRange(0, 3).Draw(r, "events") {
				name := rapid.SampledFrom(names).Draw(r, "who")
				v := n.Validator(name)
				if v == nil {
					continue
				}
				switch rapid.SampledFrom([]string{"jail", "unjail", "unbond", "bond", "twice", "stake", "remove"}).Draw(r, "what") {
				case "jail":
					v.Jailed, v.Status = true, stakingtypes.Unbonding
				case "unjail":
					v.Jailed, v.Status = false, stakingtypes.Bonded
				case "unbond":
					v.Status = stakingtypes.Unbonding
				case "bond":
					v.Status = stakingtypes.Bonded
				case "twice":
					n.Equivocate(t, name)
				case "stake":
					n.Deposit(t, name, rapid.Uint64Range(1, 4*nodes.Deposit).Draw(r, "own"), rapid.Uint64Range(0, nodes.Deposit).Draw(r, "delegated"))
				case "remove":
					n.Remove(t, name)
				}
			}
			if rapid.Bool().Draw(r, "publish") {
				for _, name := range names {
					if n.Validator(name) != nil {
						n.Publish(t, name)
					}
				}
			}
			n.Block(t)
			require.NotEmpty(r, n.Told())
			n.Check(r)
		}
	})
}
