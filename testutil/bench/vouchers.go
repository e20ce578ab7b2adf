package bench

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/topnetwork/top/protocol/voucher"
)

const (
	// batchVouchers are signed or verified in one go: of as many sessions of one provider.
	batchVouchers = 1024
	// batchClients have opened them, with a session key each: a batch costs less the more of its signatures are by one key.
	batchClients = 128
)

// batch of vouchers by so many clients in turns, and their keys.
func (w *world) batch(clients int) ([]*voucher.Evidence, []ed25519.PrivateKey) {
	batch, keys := make([]*voucher.Evidence, batchVouchers), make([]ed25519.PrivateKey, clients)
	for i := range keys {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("client"), uint64(i)))
		keys[i] = ed25519.NewKeyFromSeed(seed[:])
	}
	for i := range batch {
		client := *w
		client.sessionKey = keys[i%clients]
		batch[i] = client.evidence(uint64(i))
	}
	return batch, keys
}

// verified is the time in which a batch is verified as either side checks vouchers in open sessions: offers and opens were checked when these opened.
func verified(batch []*voucher.Evidence) (float64, error) {
	return measure(func() error {
		var b voucher.Batch
		for _, e := range batch {
			b.AddVoucher(e.Voucher, e.Offer, e.Open)
		}
		return errors.Join(b.Verify()...)
	})
}

// vouchers measures signing and verifying. evidence is the cost of checking one voucher with its offer and open, in nanoseconds.
func (w *world) vouchers(transfer float64) (results []Result, evidence float64, err error) {
	batch, keys := w.batch(batchClients)
	sign, err := measure(func() error {
		for i, e := range batch {
			e.Voucher.SignClient(keys[i%len(keys)])
			e.Voucher.SignProvider(w.providerKey)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	batched, err := verified(batch)
	if err != nil {
		return nil, 0, err
	}
	byKeys := map[string]any{}
	perSecond := func(ns float64) float64 { return batchVouchers * 1e9 / ns }
	for _, clients := range []int{1, batchVouchers} {
		other, _ := w.batch(clients)
		ns, err := verified(other)
		if err != nil {
			return nil, 0, err
		}
		byKeys[strconv.Itoa(clients)] = perSecond(ns)
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
	return []Result{
		newResult("voucher.sign_per_s", perSecond(sign), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time, least of 5 rounds", "what": "client's signature and provider's countersignature",
		}),
		newResult("voucher.verify_per_s", perSecond(batched), "1/s", map[string]any{
			"batch": batchVouchers, "cpu": "one core, CPU time, least of 5 rounds", "what": "Batch of vouchers in open sessions: content and both signatures, keys cached",
			"client_keys": batchClients, "per_s_by_client_keys": byKeys,
			"one_by_one_per_s": perSecond(oneByOne),
			"one_by_one_what":  "VerifyClient and VerifyProvider, as a session checks a voucher that comes",
			"evidence_per_s":   perSecond(all),
			"evidence_what":    "VerifyAll: the same and the signatures of offer and open, as a provider checks before it claims",
		}).against("1/s: signature check of one on-chain transfer (secp256k1, SDK default)", 1e9/transfer).atLeast(30_000),
	}, all / batchVouchers, nil
}
