package types

import (
	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// Bounds of the parameters.
const (
	minProofWindow = 5
	maxProofWindow = 100_000
	minSamples     = 4
	// MaxSamples of a claim.
	MaxSamples = 64
	// MaxDebits of a claim: with a payer for each, claim and proof stay within the gas that a transaction may ask for (tested by app/blockspace).
	MaxDebits       = 3_000
	maxClaimsBlock  = 1_000
	minTimeoutSecs  = 60
	reclaimOverhead = 2
	minTxsPerEpoch  = 10
	maxTxsPerEpoch  = 100_000
	// maxClockMargin is far beyond what clocks that follow NTP differ by, and short of the usual epoch.
	maxClockMargin = 300
	// marginPart of an epoch of one-second blocks is the margin that costs no epoch: the collection, which begins an epoch, outlasts it.
	marginPart = 20
	// maxSeedValue in bytes, of which a published seed needs less than half.
	maxSeedValue = 256
	// relaysPerTx is how many transactions of IBC messages alone an account has for each of another kind: a relayer may need one in every block.
	relaysPerTx = 10
	// shortProofWindow, in blocks, is what short epochs have by default, in at most maxProofEpochs of them: the rest is for claims. Longer epochs have one for the proof: any part of it
	// costs the claim window as much, and who was down for minutes must not lose an epoch's pay.
	shortProofWindow = 60
	maxProofEpochs   = 3
	// settleEpochs from a proof to the settlement packet: it is made when the next epoch begins.
	settleEpochs = 1
	// seedEpochs from a claim to its challenge: in the epoch after the claim's at the latest sealing begins anew, and in the one after that it is known here too.
	seedEpochs = 2
	// maxClaimWindow leaves an epoch for the proof.
	maxClaimWindow = billingtypes.ClaimAndProofEpochs - seedEpochs - settleEpochs - 1
)

// DefaultParams of x/usage.
func DefaultParams() Params {
	return Params{ClaimWindowEpochs: 6, ProofWindowBlocks: 600, Samples: 4, MaxDebits: 1_000, MaxClaimsPerBlock: 100, PacketTimeoutSeconds: 3_600, MaxTxsPerEpoch: 200, ClockMarginSeconds: 10}
}

// ParamsFor are the defaults with windows that fit epochs of so many blocks.
func ParamsFor(epochBlocks uint64) Params {
	p := DefaultParams()
	p.ProofWindowBlocks = max(min(p.ProofWindowBlocks, max(epochBlocks, min(shortProofWindow, maxProofEpochs*epochBlocks))), minProofWindow)
	p.ClockMarginSeconds = uint32(min(uint64(p.ClockMarginSeconds), freeMargin(epochBlocks)))
	p.ClaimWindowEpochs = min(p.ClaimWindowEpochs, claimWindow(p.proofEpochs(epochBlocks)))
	return p
}

// proofEpochs that the proof window takes, begun ones included: this chain's blocks are taken to be no slower than the main chain's.
func (p Params) proofEpochs(epochBlocks uint64) uint64 {
	return (p.ProofWindowBlocks-1)/epochBlocks + 1
}

// freeMargin is the longest clock margin, in seconds, that costs no epoch: what is claimed at the end of an epoch still gets the seed that is sealed in the next.
func freeMargin(epochBlocks uint64) uint64 { return max(epochBlocks/marginPart, 1) }

// marginEpochs that a seed may come later because of the clock margin: the main chain's blocks are taken to be of one second.
func (p Params) marginEpochs(epochBlocks uint64) uint64 {
	margin := uint64(p.ClockMarginSeconds)
	if margin <= freeMargin(epochBlocks) {
		return 0
	}
	return (margin-1)/epochBlocks + 1
}

// claimWindow is the longest beside the wait for a seed and so many epochs for a proof window and the clock margin.
func claimWindow(others uint64) uint64 {
	const all = billingtypes.ClaimAndProofEpochs - seedEpochs - settleEpochs
	return all - min(all, others)
}

// CheckWindows fits claim, seed, proof and settlement into the time that every withdrawal on the main chain waits for them. epochBlocks is the main chain's, above 0.
func (p Params) CheckWindows(epochBlocks uint64) error {
	proof, margin := p.proofEpochs(epochBlocks), p.marginEpochs(epochBlocks)
	if longest := claimWindow(proof + margin); p.ClaimWindowEpochs > longest {
		return errorsmod.Wrapf(ErrInvalid,
			"claim_window_epochs is %d: with proof_window_blocks of %d (%d epochs of %d blocks), clock_margin_seconds of %d (%d epochs, none up to %d s), %d epochs until the seed and %d until the settlement it may be %d, for the main chain lets payers withdraw after %d; lower one of them",
			p.ClaimWindowEpochs, p.ProofWindowBlocks, proof, epochBlocks, p.ClockMarginSeconds, margin, freeMargin(epochBlocks), seedEpochs, settleEpochs, longest,
			billingtypes.ClaimAndProofEpochs)
	}
	return nil
}

// ReclaimEpochs is how long reclaimed allotment stays claimable: the claim window and what a claim made at its end still needs.
func (p Params) ReclaimEpochs() uint64 { return p.ClaimWindowEpochs + reclaimOverhead }

// MaxRelaysPerEpoch is how many transactions of IBC messages alone one account may put into the blocks of an epoch.
func (p Params) MaxRelaysPerEpoch() uint32 { return p.MaxTxsPerEpoch * relaysPerTx }

// Validate holds each parameter against its bounds.
func (p Params) Validate() error {
	for _, b := range []struct {
		name            string
		value, min, max uint64
	}{
		{"claim_window_epochs", p.ClaimWindowEpochs, 1, maxClaimWindow},
		{"proof_window_blocks", p.ProofWindowBlocks, minProofWindow, maxProofWindow},
		{"samples", uint64(p.Samples), minSamples, MaxSamples},
		{"max_debits", uint64(p.MaxDebits), 1, MaxDebits},
		{"max_claims_per_block", uint64(p.MaxClaimsPerBlock), 1, maxClaimsBlock},
		{"packet_timeout_seconds", p.PacketTimeoutSeconds, minTimeoutSecs, billingtypes.MaxPacketTimeout},
		{"max_txs_per_epoch", uint64(p.MaxTxsPerEpoch), minTxsPerEpoch, maxTxsPerEpoch},
		{"clock_margin_seconds", uint64(p.ClockMarginSeconds), 1, maxClockMargin},
	} {
		if b.value < b.min || b.value > b.max {
			return errorsmod.Wrapf(ErrInvalid, "%s is %d, want %d to %d", b.name, b.value, b.min, b.max)
		}
	}
	return nil
}

// CheckChange refuses a change that shortens a window: promises made under the longer one are outstanding.
func (p Params) CheckChange(next Params) error {
	if err := next.Validate(); err != nil {
		return err
	}
	if next.ClaimWindowEpochs < p.ClaimWindowEpochs || next.ProofWindowBlocks < p.ProofWindowBlocks {
		return errorsmod.Wrapf(ErrInvalid, "windows never shorten: claim %d to %d epochs, proof %d to %d blocks",
			p.ClaimWindowEpochs, next.ClaimWindowEpochs, p.ProofWindowBlocks, next.ProofWindowBlocks)
	}
	return nil
}
