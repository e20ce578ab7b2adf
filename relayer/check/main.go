package check

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"cosmossdk.io/math"

	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Main is the main chain: what shards hold is in its gate's account (x/gate).
type Main interface {
	ChainID() string
	Conn() grpc.ClientConnInterface
}

// MainReading is the main chain's ledgers with shards, asked twice as those of shards are; books and supply are of the state of After.
type MainReading struct {
	Chain         string
	Before, After []latticetypes.Ledger
	Books         gatetypes.Books
	// Supply of utop in the whole network.
	Supply math.Int
	Height int64
}

// Gate of the main chain, in utop: Supply is the network's, Held what accounts of the main chain have, Gate what shards have: their accounts, what is in flight both ways, and what they have burned and lost.
// Leaving waits for a batch, Queued was taken from shards and waits to be carried out. Covered of what shards have overdrawn: fines of their members have paid it in, so that no more is held than there is.
type Gate struct {
	Chain   string   `json:"chain"`
	Supply  math.Int `json:"supply"`
	Held    math.Int `json:"held"`
	Gate    math.Int `json:"gate"`
	Leaving math.Int `json:"leaving"`
	Queued  math.Int `json:"queued"`
	Covered math.Int `json:"covered"`
}

// readBefore asks how far the main chain is with shards.
func (r *MainReading) readBefore(ctx context.Context, main Main) error {
	r.Chain = main.ChainID()
	res, err := gatetypes.NewQueryClient(main.Conn()).Ledgers(ctx, &gatetypes.QueryLedgersRequest{})
	if err != nil {
		return fmt.Errorf("ledgers of %s: %w", r.Chain, err)
	}
	r.Before = res.Ledgers
	return nil
}

// readAfter asks it again, all of one state.
func (r *MainReading) readAfter(ctx context.Context, main Main) error {
	gate := gatetypes.NewQueryClient(main.Conn())
	books, err := gate.Books(ctx, &gatetypes.QueryBooksRequest{})
	if err != nil {
		return fmt.Errorf("books of %s: %w", r.Chain, err)
	}
	r.Books, r.Height = books.Books, books.Height
	at := metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(books.Height, 10))
	ledgers, err := gate.Ledgers(at, &gatetypes.QueryLedgersRequest{})
	if err != nil {
		return fmt.Errorf("ledgers of %s at height %d: %w", r.Chain, books.Height, err)
	}
	r.After = ledgers.Ledgers
	supply, err := banktypes.NewQueryClient(main.Conn()).SupplyOf(at, &banktypes.QuerySupplyOfRequest{Denom: utop})
	if err != nil {
		return fmt.Errorf("supply of %s at height %d: %w", r.Chain, books.Height, err)
	}
	r.Supply = supply.Amount.Amount
	return nil
}

// gate adds the main chain up: its account holds what its books say, and its genesis has issued to shards what theirs gave to accounts.
func (r *MainReading) gate(issued math.Int, broken func(string, ...any)) *Gate {
	b := r.Books
	g := &Gate{Chain: r.Chain, Supply: r.Supply, Held: r.Supply.Sub(b.Balance), Gate: b.Balance, Leaving: b.Sent, Queued: b.Queued, Covered: math.ZeroInt()}
	if !b.Covered.IsNil() {
		g.Covered = b.Covered
	}
	for _, l := range r.After {
		g.Leaving = g.Leaving.Sub(l.Outbox.Total.AmountOf(utop))
	}
	if want := b.Sum(); !b.Balance.Equal(want) {
		broken("%s: its gate holds %s%s, and its books make %s: %s issued, %s sent, %s queued, %s covered, %s taken", r.Chain, b.Balance, utop, want, b.Issued, b.Sent, b.Queued, b.Covered, b.Taken)
	}
	if !b.Issued.Equal(issued) {
		broken("%s: its genesis has issued %s%s to shards, and theirs gave %s to accounts", r.Chain, b.Issued, utop, issued)
	}
	if g.Held.IsNegative() || g.Leaving.IsNegative() {
		broken("%s: its gate holds %s%s of a supply of %s, and %s of it wait for a batch", r.Chain, b.Balance, utop, r.Supply, g.Leaving)
	}
	return g
}
