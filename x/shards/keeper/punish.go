package keeper

import (
	"bytes"
	"context"
	"time"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/evidence"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/x/shards/types"
)

// forever is until when x/evidence jails who signs twice.
var forever = time.Unix(253402300799, 0)

// ShardEvidence punishes a member for two votes at one height of a shard, once.
func (k *Keeper) ShardEvidence(ctx context.Context, msg *types.MsgShardEvidence) (*types.MsgShardEvidenceResponse, error) {
	var pb cmtproto.DuplicateVoteEvidence
	if err := pb.Unmarshal(msg.Evidence); err != nil {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "evidence is no DuplicateVoteEvidence of CometBFT: %s", err)
	}
	if pb.VoteA == nil || pb.VoteB == nil {
		return nil, errorsmod.Wrap(types.ErrInvalid, "evidence needs both votes")
	}
	e, err := cmttypes.DuplicateVoteEvidenceFromProto(&pb)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalid, err.Error())
	}
	c, m, err := k.termOf(ctx, msg.Shard, uint64(e.Height()), e.VoteA.ValidatorAddress)
	if err != nil {
		return nil, err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(2*signatureGas, "votes of a shard's member")
	if err := evidence.VerifyDuplicateVote(e, msg.Shard, types.SetOf(c.Members)); err != nil {
		return nil, errorsmod.Wrapf(types.ErrRefused, "evidence: %s", err)
	}
	if k.Slashing.IsTombstoned(ctx, m.ConsAddress()) {
		return nil, errorsmod.Wrapf(types.ErrKnown, "%s has been punished already", m.Operator)
	}
	return &types.MsgShardEvidenceResponse{}, k.punish(ctx, c, m, uint64(e.Height()), "it voted twice at one height")
}

// termOf a height in which a member voted: the newest that has it and has not begun after that height, as far as is anchored.
func (k *Keeper) termOf(ctx context.Context, shard string, height uint64, address []byte) (term types.Committee, member types.Member, err error) {
	found := false
	err = k.committees.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](shard).Descending(), func(_ termKey, c types.Committee) (bool, error) {
		if c.FirstHeight > height {
			return false, nil
		}
		for _, m := range c.Members {
			if bytes.Equal(m.ConsAddress(), address) {
				term, member, found = c, m, true
			}
		}
		return found, nil
	})
	if err == nil && !found {
		err = errorsmod.Wrapf(types.ErrNotFound, "no member of %s at height %d has the address %X, or its term is no longer kept", shard, height, address)
	}
	return term, member, err
}

// punishAll members that are guilty and were not punished before. One that cannot be punished, a member since the genesis that never bonded, say, spares neither the others nor the shard.
func (k *Keeper) punishAll(ctx context.Context, c types.Committee, height uint64, reason string, guilty func(member int) bool) (punished int) {
	for i, m := range c.Members {
		if !guilty(i) || k.Slashing.IsTombstoned(ctx, m.ConsAddress()) {
			continue
		}
		if err := attempt(ctx, func(ctx context.Context) error { return k.punish(ctx, c, m, height, reason) }); err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("member not punished", "module", types.ModuleName, "shard", c.Shard, "operator", m.Operator, "error", err)
			continue
		}
		punished++
	}
	return punished
}

// punish a member as x/evidence does for two votes on the main chain: by the tokens that stood behind it when its term was decided, or as long ago as evidence counts. It never sits again.
func (k *Keeper) punish(ctx context.Context, c types.Committee, m types.Member, height uint64, reason string) error {
	addr := m.ConsAddress()
	if k.Slashing.IsTombstoned(ctx, addr) {
		return nil
	}
	s := sdk.UnwrapSDKContext(ctx)
	// TokensAt answers what stood there before a height: that of the block that decided the term is after its own.
	infraction := c.DecidedHeight + 1
	if params := s.ConsensusParams().Evidence; params != nil {
		infraction = max(infraction, s.BlockHeight()-params.MaxAgeNumBlocks)
	}
	infraction = min(infraction, s.BlockHeight())
	fraction, err := k.Slashing.SlashFractionDoubleSign(ctx)
	if err != nil {
		return err
	}
	if err := k.Slashing.SlashWithInfractionReason(fining(s), addr, fraction, m.Power, infraction, stakingtypes.Infraction_INFRACTION_DOUBLE_SIGN); err != nil {
		return err
	}
	if err := k.Slashing.Jail(ctx, addr); err != nil {
		return err
	}
	if err := k.Slashing.JailUntil(ctx, addr, forever); err != nil {
		return err
	}
	if err := k.Slashing.Tombstone(ctx, addr); err != nil {
		return err
	}
	return s.EventManager().EmitTypedEvent(&types.EventPunished{Shard: c.Shard, Height: height, Operator: m.Operator, Reason: reason})
}
