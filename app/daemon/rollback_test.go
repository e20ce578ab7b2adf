package daemon

import (
	"path/filepath"
	"testing"

	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/state"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
)

// A block is removed only where somebody else has it or may make it again.
func TestWhoMayRemoveABlock(t *testing.T) {
	dir := t.TempDir()
	own := privval.GenFilePV(filepath.Join(dir, "key.json"), filepath.Join(dir, "state.json"))
	other := privval.GenFilePV(filepath.Join(dir, "other.json"), filepath.Join(dir, "other_state.json"))
	pub, err := own.GetPubKey()
	require.NoError(t, err)
	theirs, err := other.GetPubKey()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		validators []*cmttypes.Validator
		signed     int64
		refused    bool
	}{
		"alone":              {[]*cmttypes.Validator{cmttypes.NewValidator(pub, 1)}, 7, true},
		"alone, with more":   {[]*cmttypes.Validator{cmttypes.NewValidator(pub, 3), cmttypes.NewValidator(theirs, 1)}, 7, true},
		"alone, not signed":  {[]*cmttypes.Validator{cmttypes.NewValidator(pub, 1)}, 6, false},
		"one of two":         {[]*cmttypes.Validator{cmttypes.NewValidator(pub, 1), cmttypes.NewValidator(theirs, 1)}, 7, false},
		"two thirds exactly": {[]*cmttypes.Validator{cmttypes.NewValidator(pub, 2), cmttypes.NewValidator(theirs, 1)}, 7, false},
		"no validator":       {[]*cmttypes.Validator{cmttypes.NewValidator(theirs, 1)}, 7, false},
	} {
		t.Run(name, func(t *testing.T) {
			own.LastSignState.Height = c.signed
			err := removable(state.State{LastBlockHeight: 7, LastValidators: cmttypes.NewValidatorSet(c.validators)}, own)
			if !c.refused {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "use rollback without --hard")
		})
	}
}
