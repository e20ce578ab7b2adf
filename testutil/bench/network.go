package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// networkMessages is how many messages the running network is measured over.
const networkMessages = 400

// Network measures providers in a running network: their whole life from the first session to the last payout, over the messages that users sent. It
// includes delivery notifications, which travel as messages, and everything that happens on the side: sessions, claims, proofs, polling of the chains.
func Network(ctx context.Context, cfg localnet.Config) (results []Result, err error) {
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	before, err := providersCPU(n)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	script := play.Script{Messages: networkMessages, Calm: true}
	played, err := play.Run(ctx, n, script, cfg.Logf)
	if err != nil {
		return nil, err
	}
	after, err := providersCPU(n)
	if err != nil {
		return nil, err
	}
	spent := after - before
	return []Result{newResult("messaging.provider_cpu_per_message", float64(spent.Microseconds())/float64(played.MessagesDelivered), "us", map[string]any{
		"messages": played.MessagesDelivered, "providers": len(n.Providers), "seconds": int(time.Since(began).Seconds()), "vouchers": played.Vouchers,
	})}, nil
}

// providersCPU is the user and system time of all providers so far.
func providersCPU(n *localnet.Network) (time.Duration, error) {
	var sum time.Duration
	for _, p := range n.Providers {
		used, err := process.CPU(n.Process(p.Name).Pid())
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.Name, err)
		}
		sum += used
	}
	return sum, nil
}
