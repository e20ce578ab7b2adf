package crowd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// window of payments of one payer that are under way.
	window = 2
	// again is after how many looks without progress a payer offers everything anew that is not in a block.
	again = 8
	// maxBatch of the edge.
	maxBatch = 1_000
	// asking at once.
	asking = 32
)

// load of a crowd at an edge.
type load struct {
	c      *Crowd
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[latticetypes.SubmitRequest, latticetypes.SubmitResponse]
	// pace between two offers.
	pace time.Duration
	// pause of a shard that splits; nil where none does.
	pause *pause
	// said is why something was not taken since it was told last.
	said string
}

// trouble since it was told last.
func (l *load) trouble() string {
	if l.said == "" {
		return ""
	}
	defer func() { l.said = "" }()
	return "; " + l.said
}

// run until every payment is in a block. told is given the number of those that are.
func (l *load) run(ctx context.Context, told func(done int)) error {
	tick := time.NewTicker(l.pace)
	defer tick.Stop()
	for {
		done, err := l.look(ctx)
		if err == nil {
			told(done)
			if done == l.c.Payments {
				return nil
			}
			err = l.offer(ctx)
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%d of %d payments are in blocks; last: %s", done, l.c.Payments, l.said))
		}
		// Shards change under way: whoever asks then is told to ask again.
		if err != nil {
			l.said = err.Error()
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// look how far each payer is.
func (l *load) look(ctx context.Context) (done int, err error) {
	auth := authtypes.NewQueryClient(l.conn)
	var group errgroup.Group
	group.SetLimit(asking)
	for _, p := range l.c.payers {
		if p.sent == p.done {
			continue
		}
		group.Go(func() error {
			res, err := auth.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: sendtx.Bech32(p.address)})
			if err != nil {
				return err
			}
			if p.waits++; res.Info.Sequence > p.done {
				p.done, p.waits = res.Info.Sequence, 0
			}
			return nil
		})
	}
	err = group.Wait()
	split := 0
	for _, p := range l.c.payers {
		done += int(p.done)
		if l.pause != nil && l.pause.of.Holds(lattice.BucketOf(p.address)) {
			split += int(p.done)
		}
	}
	if l.pause != nil {
		l.pause.saw(split, time.Now())
	}
	return done, err
}

// offer every payer's next payments.
func (l *load) offer(ctx context.Context) error {
	var batch [][]byte
	for _, p := range l.c.payers {
		if p.waits >= again {
			p.sent, p.waits = p.done, 0
		}
		p.sent = max(p.sent, p.done)
		for p.sent < min(p.done+window, uint64(len(p.signed))) {
			batch = append(batch, p.signed[p.sent])
			p.sent++
		}
	}
	for len(batch) > 0 {
		n := min(len(batch), maxBatch)
		if err := l.submit(ctx, batch[:n]); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

// submit a batch. What is refused is offered again when its sender has waited.
func (l *load) submit(ctx context.Context, batch [][]byte) (err error) {
	if l.stream == nil {
		if l.stream, err = latticetypes.NewIngestClient(l.conn).Submit(ctx); err != nil {
			return err
		}
	}
	var res *latticetypes.SubmitResponse
	if err = l.stream.Send(&latticetypes.SubmitRequest{Transactions: batch}); err == nil {
		res, err = l.stream.Recv()
	}
	if err != nil {
		l.stream = nil
		return err
	}
	for _, r := range res.Refused {
		l.said = fmt.Sprintf("code %d: %s", r.Code, r.Log)
	}
	return nil
}

// settled waits until every payer has what it must have, to the last receipt.
func (l *load) settled(ctx context.Context) error {
	bank := banktypes.NewQueryClient(l.conn)
	for {
		var group errgroup.Group
		group.SetLimit(asking)
		for i, p := range l.c.payers {
			group.Go(func() error {
				res, err := bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: sendtx.Bech32(p.address), Denom: localnet.Denom})
				if err != nil {
					return err
				}
				if got := res.Balance.Amount.Uint64(); got != p.balance {
					return fmt.Errorf("payer %d has %d utop, want %d", i, got, p.balance)
				}
				return nil
			})
		}
		err := group.Wait()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not every payment has arrived: %w", errors.Join(err, ctx.Err()))
		case <-time.After(l.pace):
		}
	}
}

func dial(edge localnet.Edge) (*grpc.ClientConn, error) {
	return grpc.NewClient(edge.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
}
