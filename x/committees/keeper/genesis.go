package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/committees/types"
)

// InitGenesis stores the genesis and answers the first committee. It comes after x/staking, x/genutil and x/sortition.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) ([]abci.ValidatorUpdate, error) {
	if err := gs.Validate(); err != nil {
		return nil, err
	}
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return nil, err
	}
	if err := k.checkHeights(ctx, gs); err != nil {
		return nil, err
	}
	if err := k.importHistory(ctx, gs); err != nil {
		return nil, err
	}
	c := gs.Committee
	if err := k.checkMembers(ctx, c); err != nil {
		return nil, err
	}
	if len(c.Members) == 0 {
		var err error
		if c, err = k.found(ctx); err != nil {
			return nil, err
		}
	}
	if err := k.committee.Set(ctx, c); err != nil {
		return nil, err
	}
	return types.Updates(nil, c.Members), nil
}

// checkHeights of what the chain says that it has done: below the first block to be made, at which the last term may begin.
func (k *Keeper) checkHeights(ctx context.Context, gs *types.GenesisState) error {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	first := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight())
	now := epoch.At(first-1, blocks)
	for _, t := range gs.Terms {
		if t.FirstHeight > first {
			return errorsmod.Wrapf(types.ErrInvalid, "a term begins at height %d, the first block is %d", t.FirstHeight, first)
		}
	}
	for _, t := range gs.Tokens {
		if t.Height >= first {
			return errorsmod.Wrapf(types.ErrInvalid, "tokens of %s are of height %d, the first block is %d", t.Operator, t.Height, first)
		}
	}
	for _, w := range gs.Works {
		if w.Epoch > now {
			return errorsmod.Wrapf(types.ErrInvalid, "there is work of epoch %d, epoch %d goes on", w.Epoch, now)
		}
	}
	if gs.Committee.Epoch > now {
		return errorsmod.Wrapf(types.ErrInvalid, "the committee is of epoch %d, epoch %d goes on", gs.Committee.Epoch, now)
	}
	return nil
}

// checkMembers holds members against x/staking and x/slashing: one that voted by another key, or by none of its own, would be punished for nothing or not at all; so would one of other
// tokens. A removed validator sits on where nobody else is able.
func (k *Keeper) checkMembers(ctx context.Context, c types.Committee) error {
	for _, m := range c.Members {
		account, err := sdk.AccAddressFromBech32(m.Operator)
		if err != nil {
			return errorsmod.Wrapf(types.ErrInvalid, "operator %q: %s", m.Operator, err)
		}
		switch v, err := k.staking.GetValidator(ctx, sdk.ValAddress(account)); {
		case errors.Is(err, stakingtypes.ErrNoValidatorFound):
		case err != nil:
			return err
		default:
			if has, ok := memberOf(v); !ok || !bytes.Equal(has.Key, m.Key) {
				return errorsmod.Wrapf(types.ErrInvalid, "member %s votes by another key than its validator in x/staking has: export both", m.Operator)
			}
		}
		if _, err := k.slashing.GetValidatorSigningInfo(ctx, m.ConsAddress()); err != nil {
			return errorsmod.Wrapf(types.ErrInvalid, "member %s has no signing info in x/slashing, which would stop at its first vote: export both: %s", m.Operator, err)
		}
		if err := k.checkTokens(ctx, m.Operator); err != nil {
			return err
		}
	}
	return nil
}

// found makes the first committee: x/staking's bonded validators, the largest stakes first, and standbys of those for whom no seat is left.
func (k *Keeper) found(ctx context.Context) (types.Committee, error) {
	sizes, devnet, err := k.sortition.Sizes(ctx)
	if err != nil {
		return types.Committee{}, err
	}
	validators, err := k.staking.GetBondedValidatorsByPower(ctx)
	if err != nil {
		return types.Committee{}, err
	}
	s := sdk.UnwrapSDKContext(ctx)
	c := types.Committee{FirstHeight: max(1, s.BlockHeight()), Line: types.Line{Members: []string{}, Standbys: []string{}}}
	for _, v := range validators {
		m, ok := memberOf(v)
		switch {
		case !ok:
			return c, errorsmod.Wrapf(types.ErrInvalid, "the consensus key of %s is not Ed25519", v.GetOperator())
		case len(c.Members) < int(sizes.MaxMembers):
			c.Members, c.Line.Members = append(c.Members, m), append(c.Line.Members, m.Operator)
		case len(c.Line.Standbys) < int(sizes.Standbys):
			c.Line.Standbys = append(c.Line.Standbys, m.Operator)
		}
	}
	if len(c.Members) == 0 {
		return c, errorsmod.Wrap(types.ErrInvalid, "no validator is bonded: collect genesis transactions (genesis collect) first")
	}
	if least := int(sizes.MinMembers); !devnet && len(c.Members) < least {
		return c, errorsmod.Wrapf(types.ErrInvalid,
			"%d validators are bonded, a public network begins with %d: collect more genesis transactions, or say `genesis devnet` for a network without value",
			len(c.Members), least)
	}
	c.Line.Seats = uint32(len(c.Members))
	types.SortMembers(c.Members)
	for _, m := range c.Members {
		// x/slashing has no counters yet of who is bonded in genesis itself.
		if err := k.resetAbsence(ctx, m.ConsAddress(), c.FirstHeight); err != nil {
			return c, err
		}
		if err := k.recordTokens(ctx, m.Operator); err != nil {
			return c, err
		}
	}
	return c, k.terms.Set(ctx, c.FirstHeight, types.Term{FirstHeight: c.FirstHeight, Decided: s.BlockTime(), Members: c.Members})
}

func (k *Keeper) importHistory(ctx context.Context, gs *types.GenesisState) error {
	for _, t := range gs.Terms {
		if err := k.terms.Set(ctx, t.FirstHeight, t); err != nil {
			return err
		}
	}
	for _, t := range gs.Tokens {
		if err := k.tokens.Set(ctx, collections.Join(t.Operator, t.Height), t); err != nil {
			return err
		}
	}
	for _, w := range gs.Works {
		if err := k.works.Set(ctx, w.Epoch, w); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis writes the state. A chain that begins from it begins with the committee that CometBFT was told last: a term that would have begun a block later begins at once.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Committee, err = k.committee.Get(ctx); err != nil {
		return nil, err
	}
	next := max(1, sdk.UnwrapSDKContext(ctx).BlockHeight()+1)
	gs.Committee.FirstHeight = min(gs.Committee.FirstHeight, next)
	if err := k.terms.Walk(ctx, nil, func(_ int64, t types.Term) (bool, error) {
		if t.FirstHeight = min(t.FirstHeight, next); len(gs.Terms) > 0 && gs.Terms[len(gs.Terms)-1].FirstHeight == t.FirstHeight {
			gs.Terms = gs.Terms[:len(gs.Terms)-1]
		}
		gs.Terms = append(gs.Terms, t)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.tokens.Walk(ctx, nil, func(_ tokensKey, t types.Tokens) (bool, error) {
		gs.Tokens = append(gs.Tokens, t)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.works.Walk(ctx, nil, func(_ uint64, w types.EpochWork) (bool, error) {
		gs.Works = append(gs.Works, w)
		return false, nil
	})
}
