package types

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
)

// What a frozen parent has returned is shared between the children of a split by the accounts that could not take it, and no part of what was overdrawn is lost or doubled.
func TestReturnsAreShared(t *testing.T) {
	accounts := map[uint32]lattice.Address{}
	for n := byte(0); len(accounts) < 2; n++ {
		a := lattice.Address{n}
		accounts[lattice.BucketOf(a)>>(lattice.BucketBits-1)] = a
	}
	returned := func(half uint32, utop uint64, times uint32) Returned {
		return Returned{Receipt: receipt.EncodeOne(&receipt.Receipt{To: accounts[half], Amount: lattice.Balance{Utop: utop}, Return: true}), Times: times}
	}
	coins := func(utop int64) sdk.Coins { return sdk.NewCoins(sdk.NewCoin("utop", math.NewInt(utop))) }
	var children [2]GenesisState
	_, second := (lattice.Prefix{}).Children()
	for i := range children {
		children[i] = GenesisState{Returned: []Returned{returned(0, 5, 1), returned(1, 7, 2), returned(1, 9, 1)}, Overdrawn: coins(100)}
		require.NoError(t, children[i].ShareReturned(second, i == 1))
	}
	require.Equal(t, []Returned{returned(0, 5, 1)}, children[0].Returned)
	require.Equal(t, []Returned{returned(1, 7, 2), returned(1, 9, 1)}, children[1].Returned)
	require.Equal(t, coins(77), children[0].Overdrawn)
	require.Equal(t, coins(23), children[1].Overdrawn)
	less := GenesisState{Returned: []Returned{returned(1, 9, 1)}, Overdrawn: coins(8)}
	require.Error(t, less.ShareReturned(second, false))
}
