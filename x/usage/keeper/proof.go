package keeper

import (
	"bytes"
	"context"
	"encoding/hex"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/x/usage/types"
)

// Prove answers a claim's challenge: one leaf per sampled point, each with its signed evidence and its path to the root. A proof that fails changes nothing and
// may be tried again until the deadline.
func (k *Keeper) Prove(ctx context.Context, msg *types.MsgProve) (*types.MsgProveResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	c, err := k.claimWithDebits(ctx, msg.Provider, msg.Epoch)
	if err != nil {
		return nil, err
	}
	if c.Status != types.ClaimStatus_CLAIM_STATUS_CHALLENGED {
		return nil, errorsmod.Wrapf(types.ErrProof, "the claim is %s, not challenged", c.Status)
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	if height > c.ProofDeadline {
		return nil, errorsmod.Wrapf(types.ErrWindow, "the proof was due by block %d, now is %d", c.ProofDeadline, height)
	}
	debits, err := c.ClaimDebits()
	if err != nil {
		return nil, err
	}
	if err := k.checkProofs(ctx, c, debits.Debits, msg.Proofs); err != nil {
		return nil, err
	}
	if err := k.endReservations(ctx, c, (*types.Position).Spend); err != nil {
		return nil, err
	}
	// Here and not in the settlement's block, where thousands of claims come together.
	root := debits.Root()
	c.Status, c.ProvenHeight, c.DebitRoot = types.ClaimStatus_CLAIM_STATUS_PROVEN, height, root[:]
	if err := k.storeClaim(ctx, c); err != nil {
		return nil, err
	}
	if err := k.deadlineQueue.Remove(ctx, collections.Join3(uint64(c.ProofDeadline), c.Provider, c.Epoch)); err != nil {
		return nil, err
	}
	if err := k.provenQueue.Set(ctx, collections.Join3(uint64(c.ProvenHeight), c.Provider, c.Epoch)); err != nil {
		return nil, err
	}
	return &types.MsgProveResponse{}, emit(ctx, &types.EventProven{Provider: c.Provider, Epoch: c.Epoch, Sum: c.Sum})
}

func (k *Keeper) checkProofs(ctx context.Context, c types.Claim, debits []claim.Debit, proofs []types.LeafProof) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return err
	}
	provider, err := k.provider(ctx, c.Provider)
	if err != nil {
		return err
	}
	points := claim.Points([32]byte(c.Seed), c.Sum, params.Samples)
	if len(proofs) != len(points) {
		return errorsmod.Wrapf(types.ErrProof, "%d leaves, want %d", len(proofs), len(points))
	}
	root := claim.Root{Hash: [32]byte(c.Root), Sum: c.Sum, Count: c.Count}
	evidence := make([]*voucher.Evidence, len(proofs))
	for i, p := range proofs {
		evidence[i] = p.Evidence
	}
	wrong := voucher.VerifyAll(evidence, sdk.UnwrapSDKContext(ctx).ChainID(), c.Epoch)
	for i, p := range proofs {
		err := wrong[i]
		if err == nil {
			err = checkLeaf(c, chain, provider, p.Evidence)
		}
		if err == nil {
			err = checkPath(root, points[i], debits, p)
		}
		if err != nil {
			return errorsmod.Wrapf(types.ErrProof, "leaf %d at %d of %d utop: %s", i, points[i], c.Sum, err)
		}
	}
	return nil
}

// checkLeaf holds evidence that is good in itself against what this chain knows of the provider and the service.
func checkLeaf(c types.Claim, chain types.Chain, provider types.Provider, e *voucher.Evidence) error {
	if e.Offer.Provider != c.Provider {
		return errorsmod.Wrapf(types.ErrProof, "the voucher pays %s", e.Offer.Provider)
	}
	if e.Offer.Service != chain.ServiceType {
		return errorsmod.Wrapf(types.ErrProof, "the voucher is for %q, this chain books %q", e.Offer.Service, chain.ServiceType)
	}
	if !bytes.Equal(e.Offer.ProviderKey, provider.Key) && !bytes.Equal(e.Offer.ProviderKey, provider.FormerKey) {
		return errorsmod.Wrapf(types.ErrProof, "the offer's key %x is not the registered one", e.Offer.ProviderKey)
	}
	return nil
}

// checkPath leads the evidence's leaf to the claim's root at the sampled point, and to the debit that covers the point.
func checkPath(root claim.Root, point uint64, debits []claim.Debit, p types.LeafProof) error {
	payer, err := sdk.AccAddressFromBech32(p.Evidence.Open.Payer)
	if err != nil {
		return err
	}
	id := p.Evidence.Open.SessionID()
	key, err := claim.LeafKey(payer, p.Evidence.Open.SessionKey, id[:])
	if err != nil {
		return err
	}
	path := make(claim.Path, len(p.Path))
	for i, n := range p.Path {
		if len(n.Hash) != 32 {
			return errorsmod.Wrapf(types.ErrProof, "path node %d: hash of %d bytes", i, len(n.Hash))
		}
		path[i] = claim.Node{Hash: [32]byte(n.Hash), Sum: n.Sum, Count: n.Count, First: n.First, Last: n.Last, Left: n.Left}
	}
	leaf := claim.Leaf{Key: key, Amount: p.Evidence.Voucher.AmountUtop, Evidence: p.Evidence.Hash()}
	if _, err := claim.Verify(root, point, leaf, path); err != nil {
		return err
	}
	d, err := claim.DebitAt(debits, point)
	if err != nil {
		return err
	}
	if !bytes.Equal(d.Payer, payer) || !bytes.Equal(d.SessionKey, p.Evidence.Open.SessionKey) {
		return errorsmod.Wrapf(types.ErrProof, "the claim debits %x here, the voucher is by %x", d.SessionKey, p.Evidence.Open.SessionKey)
	}
	return nil
}

func encodeHex(b []byte) string { return hex.EncodeToString(b) }
