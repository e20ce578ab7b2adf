// Package balance shows what the relayer's signing accounts have left.
package balance

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/sdk/chain"
)

const (
	// every is the pause between two looks.
	every = 10 * time.Second
	denom = "utop"
)

// Gauge registers the metric: utop per chain and account.
func Gauge(r prometheus.Registerer) (*prometheus.GaugeVec, error) {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "top_relayer_balance_utop", Help: "What a signing account has, in utop."}, []string{"chain", "address"})
	return g, r.Register(g)
}

// Watch keeps the gauge at an account's balance until ctx ends. A chain that does not answer leaves it as it was.
func Watch(ctx context.Context, c *chain.Client, address string, gauge *prometheus.GaugeVec, log *slog.Logger) error {
	bank := banktypes.NewQueryClient(c.Conn())
	var told faults.Told
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		res, err := bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: address, Denom: denom})
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil || res.Balance == nil || !res.Balance.Amount.IsUint64():
			if err == nil {
				err = errors.New("the node's answer names no balance")
			}
			if told.News(address, err) {
				log.Warn("balance not known, its metric stays; check the chain's nodes", "chain", c.ChainID(), "address", address, "error", err)
			}
		default:
			told.News(address, nil)
			gauge.WithLabelValues(c.ChainID(), address).Set(float64(res.Balance.Amount.Uint64()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
