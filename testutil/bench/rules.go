package bench

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"slices"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
)

const (
	// claimVouchers is the size of the claim that is measured.
	claimVouchers = 10_000
	// samples is how many leaves a claim must prove, as in x/usage's default parameters.
	samples = 4
	// transferBytes is the size of a signed bank transfer.
	transferBytes = 300
)

// Rules measures vouchers, ticks and claims on one core, in CPU time, the least of several rounds.
func Rules() ([]Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	transfer, err := transferCheck()
	if err != nil {
		return nil, err
	}
	signature, err := signatureCheck()
	if err != nil {
		return nil, err
	}
	results, evidence, err := w.vouchers(transfer)
	if err != nil {
		return nil, err
	}
	tick, err := tickCost()
	if err != nil {
		return nil, err
	}
	build, check, err := w.claimCost()
	if err != nil {
		return nil, err
	}
	size := map[string]any{"vouchers": claimVouchers, "samples": samples}
	return append(results,
		newResult("tick.us", tick/1000, "us", map[string]any{"what": "one tick at a time, accepted by voucher.Meter"}).
			against("us: an ed25519 signature check per payment", signature/1000),
		newResult("claim.build_per_voucher", build/claimVouchers, "ns", size),
		newResult("claim.check_per_voucher", check/claimVouchers, "ns", size).against("ns: verifying every voucher on chain", evidence),
	), nil
}

func transferCheck() (float64, error) {
	key := secp256k1.GenPrivKeyFromSecret([]byte("bench"))
	msg := bytes.Repeat([]byte{5}, transferBytes)
	sig, err := key.Sign(msg)
	if err != nil {
		return 0, err
	}
	pub := key.PubKey()
	return measure(func() error {
		if !pub.VerifySignature(msg, sig) {
			return fmt.Errorf("the transfer's signature does not verify")
		}
		return nil
	})
}

func signatureCheck() (float64, error) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{6}, ed25519.SeedSize))
	msg := bytes.Repeat([]byte{7}, 64)
	sig := ed25519.Sign(key, msg)
	pub := key.Public().(ed25519.PublicKey)
	return measure(func() error {
		if !ed25519.Verify(pub, msg, sig) {
			return fmt.Errorf("the payment's signature does not verify")
		}
		return nil
	})
}

// tickCost is a provider's work per tick when each comes alone. The preimages are ready: releasing them is the client's work.
func tickCost() (float64, error) {
	const length = 1000
	chain := voucher.NewHashChain([32]byte{8}, length)
	id := bytes.Repeat([]byte{9}, 32)
	ticks := make([]*voucher.Tick, length)
	for i := range ticks {
		preimage, err := chain.Preimage(uint64(i + 1))
		if err != nil {
			return 0, err
		}
		ticks[i] = &voucher.Tick{SessionId: id, Index: uint64(i + 1), Preimage: preimage[:]}
	}
	all, err := measure(func() error {
		meter := voucher.NewMeter(chain.Anchor(), length)
		for _, t := range ticks {
			if err := meter.Accept(t); err != nil {
				return err
			}
		}
		return nil
	})
	return all / length, err
}

// claimCost is what a claim costs the provider to build and the service chain to check: the sampled leaves with their evidence, nothing else.
func (w *world) claimCost() (build, check float64, err error) {
	ev := w.evidence(1)
	leaves := make([]claim.Leaf, claimVouchers)
	for i := range leaves {
		if leaves[i], err = w.leaf(uint64(i), ev.Hash()); err != nil {
			return 0, 0, err
		}
	}
	slices.SortFunc(leaves, func(a, b claim.Leaf) int { return bytes.Compare(a.Key, b.Key) })
	var tree *claim.Tree
	build, err = measure(func() (err error) { tree, err = claim.Build(leaves); return err })
	if err != nil {
		return 0, 0, err
	}
	root := tree.Root()
	points := claim.Points([32]byte{10}, root.Sum, samples)
	type proof struct {
		leaf claim.Leaf
		path claim.Path
	}
	proofs := make([]proof, len(points))
	for i, point := range points {
		index, err := tree.At(point)
		if err != nil {
			return 0, 0, err
		}
		path, err := tree.Prove(index)
		if err != nil {
			return 0, 0, err
		}
		proofs[i] = proof{leaves[index], path}
	}
	check, err = measure(func() error {
		for i, point := range points {
			if err := voucher.VerifyEvidence(ev, chainID, epoch); err != nil {
				return err
			}
			if _, err := claim.Verify(root, point, proofs[i].leaf, proofs[i].path); err != nil {
				return err
			}
		}
		return nil
	})
	return build, check, err
}
