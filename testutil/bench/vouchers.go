package bench

import (
	"crypto/ed25519"
	"fmt"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"

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
	both, err := measure(func() error {
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
	all, err := measure(func() error {
		for _, e := range batch {
			if err := voucher.VerifyEvidence(e, chainID, epoch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	together, err := measure(func() error { return w.verifyTogether(batch) })
	if err != nil {
		return nil, 0, err
	}
	perSecond := func(ns float64) float64 { return batchVouchers * 1e9 / ns }
	return []Result{
		newResult("voucher.sign_per_s", perSecond(sign), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time", "what": "client's signature and provider's countersignature",
		}),
		newResult("voucher.verify_per_s", perSecond(both), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time", "what": "VerifyClient and VerifyProvider, two ed25519 checks one by one (crypto/ed25519 caches no keys)",
			"evidence_per_s":         perSecond(all),
			"evidence_what":          "VerifyEvidence: the same and the signatures of offer and open",
			"batch_signatures_per_s": perSecond(together),
			"batch_what":             "the two signatures alone in one batch verification with cached keys (CometBFT's, ZIP 215): what the protocol could reach, not what it does",
		}).against("1/s: signature check of one on-chain transfer (secp256k1, SDK default)", 1e9/transfer),
	}, all / batchVouchers, nil
}

// verifyTogether checks both signatures of all vouchers in one batch.
func (w *world) verifyTogether(batch []*voucher.Evidence) error {
	client := cmted25519.PubKey(w.sessionKey.Public().(ed25519.PublicKey))
	provider := cmted25519.PubKey(w.providerKey.Public().(ed25519.PublicKey))
	b := cmted25519.NewBatchVerifier()
	for _, e := range batch {
		if err := b.Add(client, e.Voucher.SignBytes(), e.Voucher.ClientSignature); err != nil {
			return err
		}
		if err := b.Add(provider, e.Voucher.ProviderSignBytes(), e.Voucher.ProviderSignature); err != nil {
			return err
		}
	}
	if ok, _ := b.Verify(); !ok {
		return fmt.Errorf("the batch does not verify")
	}
	return nil
}
