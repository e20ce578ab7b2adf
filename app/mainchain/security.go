package mainchain

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	errorsmod "cosmossdk.io/errors"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// The parameters of x/staking, x/sortition and consensus by which committees can be filled and held to account belong to three modules and hold only together (docs/adr/017).

const (
	// minUnbonding is what clients of this chain were created with; they trust headers for two thirds of it.
	minUnbonding = base.EvidenceAge
	// mostCandidates whose stakes sum up in 64 bits (protocol/stake).
	mostCandidates = 10_000
)

// security is what an election can be filled from, and how long who sat can be punished.
type security struct {
	// candidates who may be bonded, seats and places of standbys.
	candidates, seats uint64
	// members at most, of this committee or a later one.
	members   int
	unbonding time.Duration // of stake
	consensus cmtproto.ConsensusParams
}

// fills tells whether every seat and place can be filled.
func (s security) fills() error {
	if s.candidates < s.seats || s.candidates > mostCandidates {
		return fmt.Errorf("staking max_validators is %d, and who is not bonded is no candidate: want %d (x/sortition's max_members and standbys) to %d; raise it first, in the same proposal",
			s.candidates, s.seats, mostCandidates)
	}
	return nil
}

// holds tells whether stake can be slashed as long as it is there.
func (s security) holds() error {
	if evidence := s.consensus.GetEvidence().GetMaxAgeDuration(); evidence < s.unbonding {
		return fmt.Errorf("evidence counts for %s and stake unbonds for %s: what stands behind a member must be slashed as long as it is there; in one proposal raise "+
			"consensus evidence.max_age_duration before staking unbonding_time, and lower it after", evidence, s.unbonding)
	}
	return nil
}

// checkStaking holds x/staking's parameters against what this chain never changes.
func checkStaking(p stakingtypes.Params) error {
	switch {
	case p.BondDenom != base.Denom:
		return fmt.Errorf("staking bond_denom is %q: the main chain has one coin, want %q", p.BondDenom, base.Denom)
	case p.HistoricalEntries != 0:
		return fmt.Errorf("staking historical_entries is %d: nobody reads them and each would hold every candidate, want 0", p.HistoricalEntries)
	}
	return nil
}

// securityRule follows a proposal's messages, in their order.
func (a *App) securityRule(ctx sdk.Context, msgs []sdk.Msg) error {
	for _, msg := range msgs {
		switch msg.(type) {
		case *stakingtypes.MsgUpdateParams, *sortitiontypes.MsgUpdateParams, *consensustypes.MsgUpdateParams, *staketypes.MsgUpdateParams:
			if err := a.followSecurity(ctx, msgs); err != nil {
				return errorsmod.Wrap(sdkerrors.ErrInvalidRequest, err.Error())
			}
			return nil
		}
	}
	return nil
}

func (a *App) followSecurity(ctx sdk.Context, msgs []sdk.Msg) error {
	s, err := a.security(ctx)
	if err != nil {
		return err
	}
	shortest := min(s.unbonding, minUnbonding)
	bonded, err := a.bonded(ctx)
	if err != nil {
		return err
	}
	for _, msg := range msgs {
		switch m := msg.(type) {
		case *stakingtypes.MsgUpdateParams:
			if err := checkStaking(m.Params); err != nil {
				return err
			}
			if m.Params.UnbondingTime < shortest {
				return fmt.Errorf("staking unbonding_time is %s: light clients on other chains trust headers that were signed under a longer one, want at least %s", m.Params.UnbondingTime, shortest)
			}
			s.candidates, s.unbonding = uint64(m.Params.MaxValidators), m.Params.UnbondingTime
			if s.candidates < bonded {
				return fmt.Errorf("staking max_validators is %d, and %d are bonded: members would lose their seats all at once, and light clients the chain; want at least that", s.candidates, bonded)
			}
			if err := errors.Join(s.fills(), s.holds()); err != nil {
				return err
			}
		case *sortitiontypes.MsgUpdateParams:
			s.seats, s.members = seatsOf(m.Params), max(s.members, int(m.Params.MaxMembers))
			if err := errors.Join(s.fills(), base.CheckRoom(s.consensus, s.members)); err != nil {
				return err
			}
		case *consensustypes.MsgUpdateParams:
			if s.consensus, err = m.ToProtoConsensusParams(); err != nil {
				return err
			}
			if err := errors.Join(s.holds(), base.CheckRoom(s.consensus, s.members)); err != nil {
				return err
			}
		case *staketypes.MsgUpdateParams:
			if err := a.keepsSeats(ctx, m.Params); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepsSeats tells whether a minimum deposit leaves committees as much as an election does: who sits without it loses its seat when the next epoch begins.
func (a *App) keepsSeats(ctx sdk.Context, params staketypes.Params) error {
	rule, open := params.Rule(staketypes.Role_ROLE_VALIDATOR)
	if !open {
		return nil
	}
	sitting, err := a.Committees.Sitting(ctx)
	if err != nil {
		return err
	}
	short := 0
	for _, operator := range sitting {
		deposited, err := a.Stake.DepositedBy(ctx, params, operator)
		if err != nil {
			return err
		}
		if !deposited {
			short++
		}
	}
	if most := sortition.Rotation(len(sitting)); short > most {
		return fmt.Errorf("stake roles: with a min_deposit of %d utop for validators %d of %d members would lose their seats at once, and an election changes %d at most: let them deposit it first, or raise it in steps",
			rule.MinDepositUtop, short, len(sitting), most)
	}
	return nil
}

// security as it is.
func (a *App) security(ctx sdk.Context) (security, error) {
	staking, err := a.Staking.GetParams(ctx)
	if err != nil {
		return security{}, err
	}
	sizes, _, err := a.Sortition.Sizes(ctx)
	if err != nil {
		return security{}, err
	}
	consensus, err := a.Consensus.ParamsStore.Get(ctx)
	if err != nil {
		return security{}, err
	}
	committee, err := a.Committees.Committee(ctx)
	if err != nil {
		return security{}, err
	}
	members := max(int(sizes.MaxMembers), len(committee.Members))
	blocks, err := a.Billing.EpochBlocks(ctx)
	if err != nil {
		return security{}, err
	}
	// Who is elected already will sit, whatever the sizes are now.
	for e := epoch.At(ctx.BlockHeight(), blocks) + 1; ; e++ {
		elected, err := a.Sortition.Election(ctx, e)
		if errors.Is(err, sortitiontypes.ErrNotFound) {
			break
		}
		if err != nil {
			return security{}, err
		}
		members = max(members, len(elected.Members))
	}
	return security{candidates: uint64(staking.MaxValidators), seats: seatsOf(sizes), members: members, unbonding: staking.UnbondingTime, consensus: consensus}, nil
}

func seatsOf(p sortitiontypes.Params) uint64 { return uint64(p.MaxMembers) + uint64(p.Standbys) }

// bonded is how many validators are bonded.
func (a *App) bonded(ctx sdk.Context) (n uint64, err error) {
	err = a.Staking.IterateLastValidatorPowers(ctx, func(sdk.ValAddress, int64) bool {
		n++
		return false
	})
	return n, err
}

// checkSecurity of what stands in a genesis alone.
func (a *App) checkSecurity(state map[string]json.RawMessage, staking stakingtypes.GenesisState) error {
	var sizes sortitiontypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &sizes)
	if err := checkStaking(staking.Params); err != nil {
		return err
	}
	if !sizes.Devnet && staking.Params.UnbondingTime < minUnbonding {
		return fmt.Errorf("staking unbonding_time is %s: light clients trust headers for two thirds of %s, want at least that; less only where x/sortition's genesis says devnet",
			staking.Params.UnbondingTime, minUnbonding)
	}
	return nil
}

// checkBegun holds what a chain begins with against the rules that proposals are held against.
func (a *App) checkBegun(ctx sdk.Context) error {
	s, err := a.security(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(s.fills(), s.holds(), base.CheckRoom(s.consensus, s.members)); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	return nil
}
