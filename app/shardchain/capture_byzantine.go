//go:build byzantine

package shardchain

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// The program of a captured committee, as tests of such a shard play it: `go build -tags byzantine`. Nothing of this file is in a release.

// captureSetting names the environment variable that says what is credited out of nothing: CHAIN-ID HEIGHT ADDRESS UTOP. Every block of that shard from the height on gives the account so much. All who run the program with the same words
// agree on the state, and sign it.
const captureSetting = "TOP_CAPTURED"

// capture of a shard.
type capture struct {
	shard  string
	from   int64
	to     lattice.Address
	amount uint64
}

// theft that the environment asks for; none without it. Other words than those end the program, before it votes.
var theft = func() (c capture) {
	words := os.Getenv(captureSetting)
	if words == "" {
		return c
	}
	var to string
	if n, err := fmt.Sscanf(words, "%s %d %s %d", &c.shard, &c.from, &to, &c.amount); n != 4 || len(strings.Fields(words)) != 4 {
		panic(fmt.Sprintf("%s is %q, want CHAIN-ID HEIGHT ADDRESS UTOP: %v", captureSetting, words, err))
	}
	var err error
	if c.to, err = sendtx.Address(to); err != nil {
		panic(fmt.Sprintf("%s: %v", captureSetting, err))
	}
	return c
}()

// captured is what the block credits out of nothing.
func captured(ctx sdk.Context) []lattice.Arrival {
	if theft.shard != ctx.ChainID() || ctx.BlockHeight() < theft.from {
		return nil
	}
	a := lattice.Arrival{From: theft.to, To: theft.to, Amount: lattice.Balance{Utop: theft.amount}}
	binary.BigEndian.PutUint64(a.Transaction[:], uint64(ctx.BlockHeight()))
	return []lattice.Arrival{a}
}
