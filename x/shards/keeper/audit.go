package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/audit"
	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/x/shards/types"
)

// Audit counts what auditors signed, in the order in which it stands. The transaction fails where nothing counts.
func (k *Keeper) Audit(ctx context.Context, msg *types.MsgAudit) (*types.MsgAuditResponse, error) {
	res := &types.MsgAuditResponse{Refused: make([]string, len(msg.Audits))}
	var failed error
	for i, a := range msg.Audits {
		if err := attempt(ctx, func(ctx context.Context) error { return k.audit(ctx, a) }); err != nil {
			res.Refused[i] = err.Error()
			failed = err
		}
	}
	for _, refused := range res.Refused {
		if refused == "" {
			return res, nil
		}
	}
	return nil, failed
}

// audit counts an auditor's word on a header that waits for it.
func (k *Keeper) audit(ctx context.Context, a types.Audit) error {
	s, err := k.Shard(ctx, a.Shard)
	if err != nil {
		return err
	}
	now, _, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	auditors, err := k.Auditors(ctx, s.Zone, now)
	if err != nil {
		return err
	}
	i, found := types.FindMember(auditors.Members, a.Operator)
	if !found {
		return errorsmod.Wrapf(types.ErrUnauthorized, "%s does not audit zone %d in epoch %d (query shards auditors %d)", a.Operator, s.Zone, now, s.Zone)
	}
	h, err := k.headers.Get(ctx, collections.Join(a.Shard, a.Height))
	if errors.Is(err, collections.ErrNotFound) {
		return errorsmod.Wrapf(types.ErrNotFound, "height %d of %s waits for no auditor: anchored headers do that are not audited yet (query shards headers %s)", a.Height, a.Shard, a.Shard)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(h.HeaderHash, a.HeaderHash) {
		return errorsmod.Wrapf(types.ErrRefused, "height %d of %s is anchored as %X, the audit is of %X", a.Height, a.Shard, h.HeaderHash, a.HeaderHash)
	}
	if slices.Contains(h.Confirmed, a.Operator) || slices.Contains(h.Denied, a.Operator) {
		return errorsmod.Wrapf(types.ErrKnown, "%s has given its word on height %d of %s", a.Operator, a.Height, a.Shard)
	}
	c := sdk.UnwrapSDKContext(ctx)
	c.GasMeter().ConsumeGas(signatureGas, "signature of an auditor")
	signed := audit.Audit{Network: c.ChainID(), Shard: a.Shard, Height: a.Height, HeaderHash: a.HeaderHash, Confirm: a.Confirm}
	if err := signed.Verify(auditors.Members[i].PubKey, a.Signature); err != nil {
		return errorsmod.Wrap(types.ErrRefused, err.Error())
	}
	if a.Confirm {
		h.Confirmed = append(h.Confirmed, a.Operator)
	} else {
		h.Denied = append(h.Denied, a.Operator)
	}
	return k.decide(ctx, s, h, auditors)
}

// decide what the zone's auditors have said of a header, if more than two thirds of them say the same. Those of earlier epochs do not count.
func (k *Keeper) decide(ctx context.Context, s types.Shard, h types.Header, auditors types.Auditors) error {
	quorum := committee.Quorum(len(auditors.Members))
	count := func(said []string) (n int) {
		for _, operator := range said {
			if _, found := types.FindMember(auditors.Members, operator); found {
				n++
			}
		}
		return n
	}
	switch {
	case count(h.Confirmed) >= quorum:
		if err := k.blame(ctx, h.Denied); err != nil {
			return err
		}
		if err := k.setAudited(ctx, h); err != nil {
			return err
		}
		return k.coverAudited(ctx, s, h)
	case count(h.Denied) >= quorum:
		if err := k.blame(ctx, h.Confirmed); err != nil {
			return err
		}
		return k.convict(ctx, s, h)
	}
	return k.headers.Set(ctx, collections.Join(h.Shard, h.Height), h)
}

// blame auditors for a word that two thirds contradict: it costs reputation, once for each header.
func (k *Keeper) blame(ctx context.Context, operators []string) error {
	for _, operator := range operators {
		if err := k.Reputation.RecordAbsence(ctx, operator); err != nil {
			return err
		}
	}
	return nil
}

// setAudited moves the audited height on; nothing up to it waits any more.
func (k *Keeper) setAudited(ctx context.Context, h types.Header) error {
	if err := k.audited.Set(ctx, h.Shard, types.Audited{Shard: h.Shard, Height: h.Height, HeaderHash: h.HeaderHash}); err != nil {
		return err
	}
	if err := k.headers.Clear(ctx, collections.NewPrefixedPairRange[string, uint64](h.Shard).EndInclusive(h.Height)); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventAudited{Shard: h.Shard, Height: h.Height})
}

// convict who signed a header that two thirds of the auditors deny; the shard is frozen. One that has retired is left as it is: its accounts have moved on.
func (k *Keeper) convict(ctx context.Context, s types.Shard, h types.Header) error {
	c, err := k.Committee(ctx, h.Shard, h.Term)
	if err != nil {
		return err
	}
	k.punishAll(ctx, c, h.Height, "it signed a header that auditors deny", h.Signed)
	if s.Status == types.Status_STATUS_RETIRED || s.Status == types.Status_STATUS_FROZEN {
		return k.headers.Remove(ctx, collections.Join(h.Shard, h.Height))
	}
	return k.freeze(ctx, s, "its auditors deny a header")
}
