package play

import (
	"context"
	"errors"
	"fmt"

	"github.com/topnetwork/top/testutil/localnet"
)

// claim, settlement and payout are what the chains answer over REST, the parts that matter here.
type claim struct {
	Provider string        `json:"provider"`
	Epoch    localnet.Uint `json:"epoch"`
	Sum      localnet.Uint `json:"sum"`
	Count    localnet.Uint `json:"count"`
	Status   string        `json:"status"`
}

type settlement struct {
	Epoch  localnet.Uint `json:"epoch"`
	Total  localnet.Uint `json:"total"`
	Status string        `json:"status"`
}

type payout struct {
	Provider string        `json:"provider"`
	Epoch    localnet.Uint `json:"epoch"`
	Amount   localnet.Uint `json:"amount"`
	Fee      localnet.Uint `json:"fee"`
	Status   string        `json:"status"`
}

// Books are the totals on both chains. Amounts in utop.
type Books struct {
	Vouchers, Claimed, Paid, Fees uint64
	// Unsettled lists what is still on its way, nil when everything claimed is paid.
	Unsettled error
}

// ReadBooks adds up claims on the service chain and payouts on the main chain.
func ReadBooks(ctx context.Context, n *localnet.Network) (Books, error) {
	var b Books
	var open []error
	for _, p := range n.Providers {
		claims, err := localnet.All[claim](ctx, n.Service.REST(), "/top/usage/v1/claims/"+p.Address, "claims")
		if err != nil {
			return b, err
		}
		for _, c := range claims {
			if c.Status != "CLAIM_STATUS_SETTLED" {
				open = append(open, fmt.Errorf("claim of %s for epoch %d is %s", p.Name, c.Epoch, c.Status))
			}
			if c.Status == "CLAIM_STATUS_FORFEITED" {
				return b, fmt.Errorf("%s forfeited its claim for epoch %d over %d utop", p.Name, c.Epoch, c.Sum)
			}
			b.Vouchers += uint64(c.Count)
			b.Claimed += uint64(c.Sum)
		}
	}
	settlements, err := localnet.All[settlement](ctx, n.Service.REST(), "/top/usage/v1/settlements", "settlements")
	if err != nil {
		return b, err
	}
	for _, s := range settlements {
		if s.Status != "SETTLEMENT_STATUS_ACKNOWLEDGED" {
			open = append(open, fmt.Errorf("settlement of epoch %d is %s", s.Epoch, s.Status))
		}
	}
	payouts, err := localnet.All[payout](ctx, n.Main.REST(), "/top/billing/v1/payouts/"+n.Service.ID, "payouts")
	if err != nil {
		return b, err
	}
	for _, p := range payouts {
		if p.Status != "PAYOUT_STATUS_PAID" {
			open = append(open, fmt.Errorf("payout of epoch %d to %s is %s", p.Epoch, p.Provider, p.Status))
			continue
		}
		b.Paid += uint64(p.Amount - p.Fee)
		b.Fees += uint64(p.Fee)
	}
	if b.Paid+b.Fees != b.Claimed {
		open = append(open, fmt.Errorf("claimed %d utop, paid %d + fees %d", b.Claimed, b.Paid, b.Fees))
	}
	b.Unsettled = errors.Join(open...)
	return b, nil
}

// countPackets is how many IBC packets both chains have sent to each other.
func countPackets(ctx context.Context, n *localnet.Network) (uint64, error) {
	var total uint64
	for _, side := range []struct {
		chain  *localnet.Chain
		client string
	}{{n.Main, n.Clients.Main}, {n.Service, n.Clients.Service}} {
		var answer struct {
			Next localnet.Uint `json:"next_sequence_send"`
		}
		if err := side.chain.REST().Get(ctx, "/ibc/core/channel/v2/clients/"+side.client+"/next_sequence_send", &answer); err != nil {
			return 0, err
		}
		total += uint64(answer.Next) - 1
	}
	return total, nil
}

// invariantSamples is on how many heights of each chain the modules' own invariant checkers are run.
const invariantSamples = 12

// CheckInvariants asks x/billing, x/issuance and x/usage on heights spread over the chains' whole life.
func CheckInvariants(ctx context.Context, n *localnet.Network) error {
	var broken []error
	for _, m := range []struct {
		chain *localnet.Chain
		path  string
	}{{n.Main, "/top/billing/v1/invariants"}, {n.Main, "/top/issuance/v1/invariants"}, {n.Service, "/top/usage/v1/invariants"}} {
		latest, err := m.chain.REST().LatestHeight(ctx)
		if err != nil {
			return err
		}
		// The first state that queries can reach is the one after block 1.
		step := max(1, (latest-1)/invariantSamples)
		for height := latest; height > 1; height -= step {
			var answer struct {
				OK     bool   `json:"ok"`
				Broken string `json:"broken"`
			}
			if err := m.chain.REST().At(height).Get(ctx, m.path, &answer); err != nil {
				return err
			}
			if !answer.OK {
				broken = append(broken, fmt.Errorf("%s at height %d: %s", m.chain.ID, height, answer.Broken))
			}
		}
	}
	return errors.Join(broken...)
}
