package keeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/protocol/claim"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// BeginBlock dates claims, draws challenges, ends overdue claims, and sends settlements. What cannot be sent now is tried again at the next block.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	k.isolated(ctx, "date claims", func(ctx context.Context) error { return k.dateClaims(ctx, params) })
	k.isolated(ctx, "draw challenges", func(ctx context.Context) error { return k.drawChallenges(ctx, params) })
	k.isolated(ctx, "end overdue claims", func(ctx context.Context) error { return k.forfeitOverdue(ctx, params) })
	k.isolated(ctx, "drop debits", func(ctx context.Context) error { return k.dropDebits(ctx, params) })
	k.isolated(ctx, "resend settlements", k.resend)
	k.isolated(ctx, "send settlement", k.settleEpoch)
	return nil
}

// isolated runs a step whose failure must leave no trace and must not stop this chain: of what depends on another chain's light client, and of one bad item. It tells
// whether the step was done.
func (k *Keeper) isolated(ctx context.Context, what string, step func(context.Context) error) bool {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	attempt, write := sdkCtx.CacheContext()
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return step(attempt)
	}()
	if err != nil {
		sdkCtx.Logger().Error(what+": tried again at the next block", "module", types.ModuleName, "error", err)
		return false
	}
	write()
	return true
}

// settleEpoch nets everything proven and released since the last packet into one packet, once per epoch.
func (k *Keeper) settleEpoch(ctx context.Context) error {
	chain, err := k.chain.Get(ctx)
	if err != nil || chain.MainClientId == "" {
		return err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	last, err := k.lastSettlement.Get(ctx)
	if err != nil || now <= last {
		return err
	}
	packet := &billingtypes.SettlementPacket{ChainId: sdk.UnwrapSDKContext(ctx).ChainID(), Epoch: now}
	total, err := k.gatherClaims(ctx, packet)
	if err != nil {
		return err
	}
	released, err := k.gatherReleases(ctx, packet)
	if err != nil {
		return err
	}
	if total == 0 && released == 0 {
		return nil
	}
	value, err := billingtypes.EncodePacket(&billingtypes.PacketData{Data: &billingtypes.PacketData_Settlement{Settlement: packet}})
	if err != nil {
		return err
	}
	s := types.Settlement{Epoch: now, Packet: value, Total: total, Released: released}
	if err := k.sendSettlement(ctx, &s); err != nil {
		return err
	}
	if err := k.lastSettlement.Set(ctx, now); err != nil {
		return err
	}
	return emit(ctx, &types.EventSettlementSent{Epoch: now, Total: total, Released: released, Providers: uint32(len(packet.Totals)), Sequence: s.Sequence})
}

// gatherClaims moves proven claims into the packet, those that were proven first, and answers their sum. They are no more than a packet may have totals.
func (k *Keeper) gatherClaims(ctx context.Context, packet *billingtypes.SettlementPacket) (uint64, error) {
	var queue []queueKey
	err := k.provenQueue.Walk(ctx, nil, func(key queueKey) (bool, error) {
		queue = append(queue, key)
		return len(queue) >= billingtypes.MaxSettlementEntries, nil
	})
	if err != nil {
		return 0, err
	}
	// The order of the totals, and of the index that proves debits.
	slices.SortFunc(queue, func(a, b queueKey) int { return cmp.Or(strings.Compare(a.K2(), b.K2()), cmp.Compare(a.K3(), b.K3())) })
	var total uint64
	roots := make([][32]byte, 0, len(queue))
	for _, key := range queue {
		c, ok := k.readable(ctx, key)
		if !ok {
			continue
		}
		if err := k.provenQueue.Remove(ctx, key); err != nil {
			return 0, err
		}
		roots = append(roots, [32]byte(c.DebitRoot))
		if total, err = billingtypes.Add(total, c.Sum); err != nil {
			return 0, err
		}
		if err := addTotal(packet, c); err != nil {
			return 0, err
		}
		c.Status, c.SettlementEpoch = types.ClaimStatus_CLAIM_STATUS_SETTLED, packet.Epoch
		if err := k.storeClaim(ctx, c); err != nil {
			return 0, err
		}
		if err := k.settled.Set(ctx, collections.Join3(packet.Epoch, c.Provider, c.Epoch)); err != nil {
			return 0, err
		}
	}
	root := claim.DebitRoot(roots)
	packet.DebitRoot = root[:]
	return total, nil
}

// addTotal adds a claim to its provider's total; claims come in the order of providers.
func addTotal(packet *billingtypes.SettlementPacket, c types.Claim) error {
	if n := len(packet.Totals); n > 0 && packet.Totals[n-1].Provider == c.Provider {
		t := &packet.Totals[n-1]
		t.Vouchers += c.Count
		var err error
		t.Amount, err = billingtypes.Add(t.Amount, c.Sum)
		return err
	}
	packet.Totals = append(packet.Totals, billingtypes.ProviderTotal{Provider: c.Provider, Amount: c.Sum, Vouchers: c.Count})
	return nil
}

// maxReleases in a settlement: on the main chain each costs the gas of an escrow with all its keys, and a packet that needs more gas than a block has would hold up everybody's pay.
const maxReleases = 200

// gatherReleases moves what owners give back into the packet, those first that asked first, and answers the sum.
func (k *Keeper) gatherReleases(ctx context.Context, packet *billingtypes.SettlementPacket) (uint64, error) {
	var queue []releaseKey
	err := k.releaseQueue.Walk(ctx, nil, func(key releaseKey) (bool, error) {
		queue = append(queue, key)
		return len(queue) >= maxReleases, nil
	})
	if err != nil {
		return 0, err
	}
	// The order in the packet.
	slices.SortFunc(queue, func(a, b releaseKey) int { return strings.Compare(a.K2(), b.K2()) })
	var sum uint64
	for _, key := range queue {
		owner := key.K2()
		c, err := k.credit(ctx, owner)
		if err != nil {
			return 0, err
		}
		packet.Releases = append(packet.Releases, billingtypes.Release{Owner: owner, Amount: c.Releasing})
		if sum, err = billingtypes.Add(sum, c.Releasing); err != nil {
			return 0, err
		}
		if c.Released, err = billingtypes.Add(c.Released, c.Releasing); err != nil {
			return 0, err
		}
		c.Releasing, c.ReleasingHeight = 0, 0
		if err := k.credits.Set(ctx, owner, c); err != nil {
			return 0, err
		}
		if err := k.releaseQueue.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// sendSettlement puts a settlement on its way, for the first time or again.
func (k *Keeper) sendSettlement(ctx context.Context, s *types.Settlement) error {
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	timeout := uint64(sdk.UnwrapSDKContext(ctx).BlockTime().Unix()) + params.PacketTimeoutSeconds
	res, err := k.channel.SendPacket(ctx, channeltypesv2.NewMsgSendPacket(chain.MainClientId, timeout, k.address.String(),
		channeltypesv2.NewPayload(types.PortID, billingtypes.PortID, billingtypes.Version, billingtypes.Encoding, s.Packet)))
	if err != nil {
		return err
	}
	s.Sequence, s.Status = res.Sequence, types.SettlementStatus_SETTLEMENT_STATUS_SENT
	s.Attempts++
	if err := k.resendQueue.Remove(ctx, s.Epoch); err != nil {
		return err
	}
	return k.settlements.Set(ctx, s.Epoch, *s)
}

// maxWaiting settlements are looked at per block for one to send again.
const maxWaiting = 100

// resend sends a waiting settlement again, one per block, with the same content: the main chain knows it by (chain, epoch).
func (k *Keeper) resend(ctx context.Context) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	var due *types.Settlement
	seen := 0
	err = k.resendQueue.Walk(ctx, nil, func(e uint64) (bool, error) {
		s, err := k.settlements.Get(ctx, e)
		if err != nil {
			return true, err
		}
		seen++
		if s.RetryEpoch <= now {
			due = &s
		}
		return due != nil || seen >= maxWaiting, nil
	})
	if err != nil || due == nil {
		return err
	}
	return k.sendSettlement(ctx, due)
}

// RetrySettlement sends a refused settlement again: the main chain may have had a reason that has passed.
func (k *Keeper) RetrySettlement(ctx context.Context, msg *types.MsgRetrySettlement) (*types.MsgRetrySettlementResponse, error) {
	s, err := k.settlements.Get(ctx, msg.Epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrapf(types.ErrNotFound, "settlement of epoch %d", msg.Epoch)
	}
	if err != nil {
		return nil, err
	}
	if s.Status != types.SettlementStatus_SETTLEMENT_STATUS_REFUSED {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "the settlement is %s, not refused", s.Status)
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if s.RetriedEpoch == now {
		return nil, errorsmod.Wrapf(types.ErrLimit, "the settlement was sent again in this epoch (%d): it goes by itself in the next", now)
	}
	s.RetriedEpoch = now
	return &types.MsgRetrySettlementResponse{}, k.sendSettlement(ctx, &s)
}
