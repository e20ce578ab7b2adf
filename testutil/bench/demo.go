package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// demo times the play of `make demo`, from nothing to the last payout.
func (r *run) demo(ctx context.Context) (results []Result, err error) {
	cfg := play.Stage(r.Network)
	cfg.Dir = NetworkDirs(cfg.Dir)[1]
	began := time.Now()
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	started := time.Since(began)
	played, err := play.Run(ctx, n, play.Demo, cfg.Logf)
	if err != nil {
		return nil, err
	}
	lasted := time.Since(began)
	if !played.InvariantsOK || !played.CommitteeRecomputed {
		return nil, fmt.Errorf("the demo's invariants do not hold, or its committees are others: %+v", played)
	}
	return []Result{newResult("demo.seconds", lasted.Seconds(), "s", map[string]any{
		"network_up_s": started.Seconds(), "messages": played.MessagesDelivered, "vouchers": played.Vouchers, "paid_utop": played.Paid, "packets": played.Packets, "committee_changes": played.CommitteeChanges,
		"what": "localnet.Start and play.Demo; building the programs is not counted",
	})}, nil
}
