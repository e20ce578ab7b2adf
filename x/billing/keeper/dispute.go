package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/x/billing/types"
)

// Dispute demands the vouchers behind a debit while its payout is pending. The bond comes from the reserve first: that is what it is for.
func (k *Keeper) Dispute(ctx context.Context, msg *types.MsgDispute) (*types.MsgDisputeResponse, error) {
	params, now, err := k.paramsAndEpoch(ctx)
	if err != nil {
		return nil, err
	}
	p, err := k.payout(ctx, msg.ChainId, msg.Epoch, msg.Provider)
	if err != nil {
		return nil, err
	}
	if p.Status != types.PayoutStatus_PAYOUT_STATUS_PENDING && p.Status != types.PayoutStatus_PAYOUT_STATUS_DISPUTED {
		return nil, errorsmod.Wrapf(types.ErrDispute, "the payout is %s: a dispute comes before its due epoch %d", p.Status, p.DueEpoch)
	}
	// One dispute must not keep the door open for others for ever.
	if now > p.DueEpoch {
		return nil, errorsmod.Wrapf(types.ErrDispute, "the payout was due in epoch %d, now is %d", p.DueEpoch, now)
	}
	if err := k.checkDebit(ctx, msg); err != nil {
		return nil, err
	}
	d := types.Dispute{
		ChainId: msg.ChainId, Epoch: msg.Epoch, Provider: msg.Provider, ClaimEpoch: msg.ClaimEpoch, Payer: msg.Payer, SessionKey: msg.SessionKey, Amount: msg.Amount,
		Bond: params.DisputeBond, DeadlineEpoch: now + params.AnswerWindowEpochs, Status: types.DisputeStatus_DISPUTE_STATUS_OPEN,
	}
	if exists, err := k.disputes.Has(ctx, keyOf(d)); err != nil {
		return nil, err
	} else if exists {
		return nil, errorsmod.Wrap(types.ErrDispute, "the debit was disputed before")
	}
	e, err := k.escrow(ctx, msg.Payer)
	if err != nil {
		return nil, err
	}
	fromReserve := min(d.Bond, e.Reserve)
	if e.Free, err = types.Sub(e.Free, d.Bond-fromReserve); err != nil {
		return nil, errorsmod.Wrapf(err, "a dispute takes a bond of %d utop from reserve and free", d.Bond)
	}
	e.Reserve -= fromReserve
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	if p.Status == types.PayoutStatus_PAYOUT_STATUS_PENDING {
		if err := k.queue.Remove(ctx, collections.Join4(p.DueEpoch, p.ChainId, p.Epoch, p.Provider)); err != nil {
			return nil, err
		}
	}
	p.Status = types.PayoutStatus_PAYOUT_STATUS_DISPUTED
	p.OpenDisputes++
	if err := k.payouts.Set(ctx, collections.Join3(p.ChainId, p.Epoch, p.Provider), p); err != nil {
		return nil, err
	}
	if err := k.storeDispute(ctx, d); err != nil {
		return nil, err
	}
	return &types.MsgDisputeResponse{DeadlineEpoch: d.DeadlineEpoch}, emit(ctx, &types.EventDisputed{
		ChainId: d.ChainId, Epoch: d.Epoch, Provider: d.Provider, Payer: d.Payer, Amount: d.Amount, DeadlineEpoch: d.DeadlineEpoch,
	})
}

// checkDebit holds the disputed debit against the settlement's debit root.
func (k *Keeper) checkDebit(ctx context.Context, msg *types.MsgDispute) error {
	s, err := k.settlements.Get(ctx, collections.Join(msg.ChainId, msg.Epoch))
	if err != nil {
		return err
	}
	payer, err := sdk.AccAddressFromBech32(msg.Payer)
	if err != nil {
		return err
	}
	path := make([]claim.DebitNode, len(msg.Path))
	for i, n := range msg.Path {
		path[i] = claim.DebitNode{Hash: [32]byte(n.Hash), Left: n.Left}
	}
	debit := claim.Debit{Payer: payer, SessionKey: msg.SessionKey, Amount: msg.Amount}
	if err := claim.VerifyDebit([32]byte(s.DebitRoot), msg.Provider, msg.ClaimEpoch, debit, path); err != nil {
		return errorsmod.Wrapf(types.ErrDispute, "the debit is not in the settlement: %s", err)
	}
	return nil
}

// AnswerDispute counts vouchers that the payer's key signed towards the disputed debit. When they reach it, the provider has the bond and its payout goes on.
func (k *Keeper) AnswerDispute(ctx context.Context, msg *types.MsgAnswerDispute) (*types.MsgAnswerDisputeResponse, error) {
	d, err := k.disputes.Get(ctx, collections.Join3(msg.ChainId, msg.Epoch, types.DisputeID(msg.Provider, msg.ClaimEpoch, msg.Payer, msg.SessionKey)))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrapf(types.ErrNotFound, "no such dispute of %s", msg.Payer)
	}
	if err != nil {
		return nil, err
	}
	if d.Status != types.DisputeStatus_DISPUTE_STATUS_OPEN {
		return nil, errorsmod.Wrapf(types.ErrDispute, "the dispute is %s", d.Status)
	}
	if err := k.checkKey(ctx, d); err != nil {
		return nil, err
	}
	for i, e := range msg.Evidence {
		if err := k.countEvidence(ctx, &d, e); err != nil {
			return nil, errorsmod.Wrapf(types.ErrDispute, "voucher %d: %s", i, err)
		}
	}
	if d.Shown < d.Amount {
		return &types.MsgAnswerDisputeResponse{Missing: d.Amount - d.Shown}, k.disputes.Set(ctx, keyOf(d), d)
	}
	bond, err := sdk.AccAddressFromBech32(d.Provider)
	if err != nil {
		return nil, err
	}
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, bond, types.Coins(d.Bond)); err != nil {
		return nil, err
	}
	return &types.MsgAnswerDisputeResponse{}, k.endDispute(ctx, d, types.DisputeStatus_DISPUTE_STATUS_ANSWERED, 0)
}

// checkKey asks whether the disputed key was the payer's and could spend the amount.
func (k *Keeper) checkKey(ctx context.Context, d types.Dispute) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	e, err := k.escrow(ctx, d.Payer)
	if err != nil {
		return err
	}
	key, known, err := k.knownKey(ctx, e, d.SessionKey)
	switch {
	case err != nil:
		return err
	case !known:
		return errorsmod.Wrapf(types.ErrDispute, "%x was never a session key of %s: no voucher of it can be charged", d.SessionKey, d.Payer)
	case d.ClaimEpoch > lastEpoch(key, params):
		return errorsmod.Wrapf(types.ErrDispute, "the key ended with epoch %d, the usage is of epoch %d", lastEpoch(key, params), d.ClaimEpoch)
	case d.Amount > key.CapUtop:
		return errorsmod.Wrapf(types.ErrDispute, "the key's cap is %d utop, the debit %d", key.CapUtop, d.Amount)
	}
	return nil
}

// countEvidence adds one voucher to what was shown. A provider that came back with another key answers for the former one.
func (k *Keeper) countEvidence(ctx context.Context, d *types.Dispute, e *voucher.Evidence) error {
	if err := voucher.VerifyEvidence(e, d.ChainId, d.ClaimEpoch); err != nil {
		return err
	}
	owns, err := k.services.OwnsKey(ctx, d.ChainId, d.Provider, e.Offer.ProviderKey)
	if err != nil {
		return err
	}
	if e.Offer.Provider != d.Provider || !owns {
		return errorsmod.Wrapf(types.ErrDispute, "it pays %s with key %x", e.Offer.Provider, e.Offer.ProviderKey)
	}
	if e.Open.Payer != d.Payer || !bytes.Equal(e.Open.SessionKey, d.SessionKey) {
		return errorsmod.Wrapf(types.ErrDispute, "it is signed by %x of %s", e.Open.SessionKey, e.Open.Payer)
	}
	if bytes.Compare(e.Voucher.SessionId, d.LastSession) <= 0 {
		return errorsmod.Wrap(types.ErrDispute, "sessions are not in rising order, or one is shown twice")
	}
	d.LastSession = e.Voucher.SessionId
	d.Shown, err = types.Add(d.Shown, e.Voucher.AmountUtop)
	return err
}

// ReportEquivocation slashes a provider that countersigned two vouchers with one number, once per session.
func (k *Keeper) ReportEquivocation(ctx context.Context, msg *types.MsgReportEquivocation) (*types.MsgReportEquivocationResponse, error) {
	provider, err := k.services.Provider(ctx, msg.ChainId, msg.Provider)
	if err != nil {
		return nil, err
	}
	if err := voucher.VerifyEquivocation(msg.ChainId, provider.Key, msg.First, msg.Second); err != nil {
		return nil, errorsmod.Wrap(types.ErrDispute, err.Error())
	}
	fault := collections.Join3(msg.ChainId, msg.Provider, msg.First.SessionId)
	if known, err := k.equivocations.Has(ctx, fault); err != nil {
		return nil, err
	} else if known {
		return nil, errorsmod.Wrapf(types.ErrDispute, "the provider was slashed for session %x", msg.First.SessionId)
	}
	if err := k.equivocations.Set(ctx, fault); err != nil {
		return nil, err
	}
	slashed, err := k.services.Slash(ctx, msg.ChainId, msg.Provider, "two vouchers with one number")
	return &types.MsgReportEquivocationResponse{Slashed: slashed}, err
}

// endDisputes upholds disputes whose answer did not come in time, in the order of their deadlines.
func (k *Keeper) endDisputes(ctx context.Context, params types.Params, now uint64) error {
	var due []disputeKey
	err := k.disputeQueue.Walk(ctx, nil, func(key collections.Quad[uint64, string, uint64, string]) (bool, error) {
		if key.K1() >= now || len(due) >= int(params.MaxPayoutsPerBlock) {
			return true, nil
		}
		due = append(due, collections.Join3(key.K2(), key.K3(), key.K4()))
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range due {
		d, err := k.disputes.Get(ctx, key)
		if err != nil {
			return err
		}
		failed := isolated(ctx, func(attempt sdk.Context) error { return k.uphold(attempt, d) })
		if failed == nil {
			continue
		}
		sdk.UnwrapSDKContext(ctx).Logger().Error("dispute not ended: tried again in the next epoch", "module", types.ModuleName, "chain", d.ChainId, "payer", d.Payer, "error", failed)
		if err := k.disputeQueue.Remove(ctx, collections.Join4(d.DeadlineEpoch, d.ChainId, d.Epoch, d.ID())); err != nil {
			return err
		}
		d.DeadlineEpoch = now
		if err := k.storeDispute(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// uphold gives the payer the debit and the bond back and slashes the provider.
func (k *Keeper) uphold(ctx context.Context, d types.Dispute) error {
	refund, err := k.refund(ctx, d)
	if err != nil {
		return err
	}
	if _, err := k.services.Slash(ctx, d.ChainId, d.Provider, "no vouchers for a disputed debit"); err != nil {
		return err
	}
	return k.endDispute(ctx, d, types.DisputeStatus_DISPUTE_STATUS_UPHELD, refund)
}

// refund moves what the payer is owed from payout and pool's settled part into its escrow: at most what the payout still has and the line still has open.
func (k *Keeper) refund(ctx context.Context, d types.Dispute) (uint64, error) {
	p, err := k.payout(ctx, d.ChainId, d.Epoch, d.Provider)
	if err != nil {
		return 0, err
	}
	e, err := k.escrow(ctx, d.Payer)
	if err != nil {
		return 0, err
	}
	pool, err := k.pool(ctx, d.ChainId)
	if err != nil {
		return 0, err
	}
	refund := uint64(0)
	line, err := k.lines.Get(ctx, collections.Join(d.Payer, d.ChainId))
	switch {
	case err == nil:
		open, err := line.Open()
		if err != nil {
			return 0, err
		}
		refund = min(d.Amount, p.Amount, open)
		if err := line.GiveBack(refund); err != nil {
			return 0, err
		}
		if line.Closed {
			pool.WrittenOff -= min(refund, pool.WrittenOff)
		}
		if err := k.lines.Set(ctx, collections.Join(line.Owner, line.ChainId), line); err != nil {
			return 0, err
		}
	case !errors.Is(err, collections.ErrNotFound):
		return 0, err
	}
	if pool.Settled, err = types.Sub(pool.Settled, refund); err != nil {
		return 0, err
	}
	if err := k.subUnpaid(ctx, d.ChainId, d.Provider, refund); err != nil {
		return 0, err
	}
	for _, part := range []uint64{refund, d.Bond} {
		if e.Free, err = types.Add(e.Free, part); err != nil {
			return 0, err
		}
	}
	return refund, k.store(ctx, &e, nil, &pool)
}

// endDispute closes a dispute and lets the payout go on when it was the last.
func (k *Keeper) endDispute(ctx context.Context, d types.Dispute, status types.DisputeStatus, refund uint64) error {
	if err := k.disputeQueue.Remove(ctx, collections.Join4(d.DeadlineEpoch, d.ChainId, d.Epoch, d.ID())); err != nil {
		return err
	}
	d.Status = status
	if err := k.disputes.Set(ctx, keyOf(d), d); err != nil {
		return err
	}
	p, err := k.payout(ctx, d.ChainId, d.Epoch, d.Provider)
	if err != nil {
		return err
	}
	p.OpenDisputes--
	p.Amount -= refund
	p.Refunded += refund
	p.Fee = fee(p.Amount, p.FeeBps)
	if err := k.afterDispute(ctx, p); err != nil {
		return err
	}
	return emit(ctx, &types.EventDisputeEnded{ChainId: d.ChainId, Epoch: d.Epoch, Provider: d.Provider, Payer: d.Payer, Amount: d.Amount, Status: status.String()})
}

func (k *Keeper) afterDispute(ctx context.Context, p types.Payout) error {
	if p.OpenDisputes == 0 && p.Amount > 0 {
		now, err := k.Epoch(ctx)
		if err != nil {
			return err
		}
		return k.schedule(ctx, p, max(now, p.DueEpoch))
	}
	if p.OpenDisputes == 0 {
		p.Status = types.PayoutStatus_PAYOUT_STATUS_CANCELLED
	}
	return k.payouts.Set(ctx, collections.Join3(p.ChainId, p.Epoch, p.Provider), p)
}

// storeDispute writes a dispute and, while it is open, its place in the queue.
func (k *Keeper) storeDispute(ctx context.Context, d types.Dispute) error {
	if err := k.disputes.Set(ctx, keyOf(d), d); err != nil {
		return err
	}
	if d.Status != types.DisputeStatus_DISPUTE_STATUS_OPEN {
		return nil
	}
	return k.disputeQueue.Set(ctx, collections.Join4(d.DeadlineEpoch, d.ChainId, d.Epoch, d.ID()))
}

func keyOf(d types.Dispute) disputeKey { return collections.Join3(d.ChainId, d.Epoch, d.ID()) }

func (k *Keeper) paramsAndEpoch(ctx context.Context) (types.Params, uint64, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return params, 0, err
	}
	now, err := k.Epoch(ctx)
	return params, now, err
}
