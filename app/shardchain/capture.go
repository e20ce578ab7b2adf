//go:build !byzantine

package shardchain

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
)

// captured is what a committee that an attacker has captured credits out of nothing: no program but the one that tests play the attacker with (capture_byzantine.go) does that.
func captured(sdk.Context) []lattice.Arrival { return nil }
