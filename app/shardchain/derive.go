package shardchain

import (
	"encoding/json"
	"fmt"
	"io"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Bequeath the state that one of the shard's two children begins with, after the shard has ended; the child's accounts are written beside it. Blocks go on meanwhile: they change nothing.
func (a *App) Bequeath(side int, accounts io.Writer) (json.RawMessage, error) {
	return a.bequeath(func(ctx sdk.Context) (*latticetypes.GenesisState, error) {
		return a.Lattice.Bequeath(ctx, side, accounts)
	})
}

// BequeathWhole is the same of a shard that becomes one with its sibling: one of the two halves of their child.
func (a *App) BequeathWhole(accounts io.Writer) (json.RawMessage, error) {
	return a.bequeath(func(ctx sdk.Context) (*latticetypes.GenesisState, error) {
		return a.Lattice.BequeathWhole(ctx, accounts)
	})
}

func (a *App) bequeath(of func(sdk.Context) (*latticetypes.GenesisState, error)) (json.RawMessage, error) {
	ctx, err := a.last()
	if err != nil {
		return nil, err
	}
	gs, err := of(ctx)
	if err != nil {
		return nil, err
	}
	main, err := a.Light.ExportGenesis(ctx)
	if err != nil {
		return nil, err
	}
	return encode(a.Codec, gs, main)
}

// Merges tells whether the shard ends to become one with its sibling.
func (a *App) Merges() (bool, error) {
	ctx, err := a.last()
	if err != nil {
		return false, err
	}
	return a.Lattice.Merges(ctx)
}

// last state that was committed.
func (a *App) last() (sdk.Context, error) {
	ctx, err := a.CreateQueryContext(0, false)
	return ctx.WithChainID(a.ChainID()), err
}

// Ended is the shard's last height, after which no block changes anything; false where it goes on, is frozen, or where the block after it is not there yet.
func (a *App) Ended() (final uint64, ended bool, err error) {
	ctx, err := a.last()
	if err != nil {
		return 0, false, err
	}
	if frozen, err := a.Lattice.Frozen(ctx); err != nil || frozen {
		return 0, false, err
	}
	final, err = a.Lattice.FinalHeight(ctx)
	return final, final > 0 && uint64(ctx.BlockHeight()) > final, err
}

// plain codec of states without messages in them.
var plain = codec.NewProtoCodec(codectypes.NewInterfaceRegistry())

// encode the state of a genesis.
func encode(cdc codec.JSONCodec, gs *latticetypes.GenesisState, main *lighttypes.GenesisState) (json.RawMessage, error) {
	bz, err := cdc.MarshalJSON(gs)
	if err != nil {
		return nil, err
	}
	mainBz, err := cdc.MarshalJSON(main)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: bz, lighttypes.ModuleName: mainBz})
}

// Decode the state of a genesis.
func Decode(state json.RawMessage) (*latticetypes.GenesisState, *lighttypes.GenesisState, error) {
	var modules map[string]json.RawMessage
	if err := json.Unmarshal(state, &modules); err != nil {
		return nil, nil, fmt.Errorf("app_state: %w", err)
	}
	gs, main := &latticetypes.GenesisState{}, lighttypes.DefaultGenesisState()
	if err := plain.UnmarshalJSON(modules[latticetypes.ModuleName], gs); err != nil {
		return nil, nil, fmt.Errorf("app_state.%s: %w", latticetypes.ModuleName, err)
	}
	if bz, ok := modules[lighttypes.ModuleName]; ok {
		if err := plain.UnmarshalJSON(bz, main); err != nil {
			return nil, nil, fmt.Errorf("app_state.%s: %w", lighttypes.ModuleName, err)
		}
	}
	return gs, main, nil
}

// Settle a state that was bequeathed, with the names and first committees of both children. It answers which of both it is of.
func Settle(state json.RawMessage, children [2]latticetypes.Members) (_ json.RawMessage, side int, err error) {
	gs, main, err := Decode(state)
	if err != nil {
		return nil, 0, err
	}
	if side, err = gs.Settle(children); err != nil {
		return nil, 0, err
	}
	settled, err := encode(plain, gs, main)
	return settled, side, err
}

// Join the states that two siblings have bequeathed whole, the left one's first, to the shard that goes on from both.
func Join(left, right json.RawMessage, heir latticetypes.Members) (json.RawMessage, error) {
	var halves [2]*latticetypes.GenesisState
	var mains [2]*lighttypes.GenesisState
	for i, state := range []json.RawMessage{left, right} {
		var err error
		if halves[i], mains[i], err = Decode(state); err != nil {
			return nil, err
		}
	}
	gs, err := latticetypes.Join(halves[0], halves[1], heir)
	if err != nil {
		return nil, err
	}
	main, err := lighttypes.Newer(mains[0], mains[1])
	if err != nil {
		return nil, err
	}
	return encode(plain, gs, main)
}

// InheritedRoot of the accounts that a genesis begins with, which its file of accounts must have; nil where it was not bequeathed.
func InheritedRoot(state json.RawMessage) ([]byte, error) {
	gs, _, err := Decode(state)
	if err != nil || gs.Inherited == nil {
		return nil, err
	}
	return gs.Inherited.Root, nil
}

// Sitting is the committee with which a genesis begins, of a chain; false where it is told of none.
func Sitting(state json.RawMessage, chainID string) (latticetypes.Members, bool, error) {
	gs, _, err := Decode(state)
	if err != nil {
		return latticetypes.Members{}, false, err
	}
	m, ok := gs.Sitting(chainID)
	return m, ok, nil
}

// BequeathFrozen is the state that the next generation of a frozen shard begins with: this one is that before the block of the last audited header, whose height and hash these are.
func (a *App) BequeathFrozen(final uint64, hash []byte, accounts io.Writer) (json.RawMessage, error) {
	return a.bequeath(func(ctx sdk.Context) (*latticetypes.GenesisState, error) {
		return a.Lattice.BequeathFrozen(ctx, final, hash, accounts)
	})
}

// HeaderAt a height of the main chain.
type HeaderAt func(height int64) (*cmttypes.Header, error)

// Resume a state that a frozen shard has bequeathed, with the name and first committee of its next generation. What the shard had heard of the main chain may be too old to be trusted: it goes on from the header with which that committee's epoch began.
func Resume(state json.RawMessage, heir latticetypes.Members, at HeaderAt) (json.RawMessage, error) {
	gs, main, err := Decode(state)
	if err != nil {
		return nil, err
	}
	if err := gs.Resume(heir); err != nil {
		return nil, err
	}
	if height := epoch.First(heir.Epoch, gs.Params.MainEpochBlocks); heir.Epoch > 0 && main.Behind(height) {
		h, err := at(height)
		if err != nil {
			return nil, fmt.Errorf("header %d of %s: %w", height, main.Params.MainChainId, err)
		}
		main.Renew(lighttypes.HeaderOf(h))
	}
	return encode(plain, gs, main)
}
