package bench

import (
	"errors"

	"github.com/topnetwork/top/protocol/voucher"
)

// batchVouchers are signed or verified in one go: of as many sessions under one offer, so of two keys, as after a busy epoch of one payer.
const batchVouchers = 1024

// vouchers measures signing and verifying. evidence is the cost of checking one voucher with its offer and open, in nanoseconds.
func (w *world) vouchers(transfer float64) (results []Result, evidence float64, err error) {
	batch := make([]*voucher.Evidence, batchVouchers)
	for i := range batch {
		batch[i] = w.evidence(uint64(i))
	}
	sign, err := measure(func() error {
		for _, e := range batch {
			e.Voucher.SignClient(w.sessionKey)
			e.Voucher.SignProvider(w.providerKey)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	// What either side checks of a voucher in an open session: offer and open were checked when it opened.
	together, err := measure(func() error {
		var b voucher.Batch
		for _, e := range batch {
			b.AddVoucher(e.Voucher, e.Offer, e.Open)
		}
		return errors.Join(b.Verify()...)
	})
	if err != nil {
		return nil, 0, err
	}
	oneByOne, err := measure(func() error {
		for _, e := range batch {
			if err := e.Voucher.VerifyClient(e.Offer, e.Open); err != nil {
				return err
			}
			if err := e.Voucher.VerifyProvider(e.Offer); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	all, err := measure(func() error { return errors.Join(voucher.VerifyAll(batch, chainID, epoch)...) })
	if err != nil {
		return nil, 0, err
	}
	perSecond := func(ns float64) float64 { return batchVouchers * 1e9 / ns }
	return []Result{
		newResult("voucher.sign_per_s", perSecond(sign), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time, least of 5 rounds", "what": "client's signature and provider's countersignature",
		}),
		newResult("voucher.verify_per_s", perSecond(together), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time, least of 5 rounds", "what": "Batch of vouchers in open sessions: content and both signatures, keys cached",
			"one_by_one_per_s": perSecond(oneByOne),
			"one_by_one_what":  "VerifyClient and VerifyProvider, as a session checks a voucher that comes",
			"evidence_per_s":   perSecond(all),
			"evidence_what":    "VerifyAll: the same and the signatures of offer and open, as a provider checks before it claims",
		}).against("1/s: signature check of one on-chain transfer (secp256k1, SDK default)", 1e9/transfer).atLeast(30_000),
	}, all / batchVouchers, nil
}
