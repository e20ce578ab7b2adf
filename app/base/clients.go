package base

import (
	"math"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types/v2"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// Clients answers for the chain's light clients; x/services and x/usage see it through their ClientKeeper interfaces.
type Clients struct{ ibc *ibckeeper.Keeper }

// Clients of the chain.
func (a *App) Clients() Clients { return Clients{a.IBC} }

// CheckClient refuses a client that is not an active 07-tendermint client of chainID, with a trust level of 2/3 or more and a registered IBC v2 counterparty: committees rotate, and with less
// a minority of former members could lead the client away.
func (c Clients) CheckClient(ctx sdk.Context, clientID, chainID string) error {
	tm, err := c.tendermint(ctx, clientID)
	if err != nil {
		return err
	}
	if tm.ChainId != chainID {
		return errorsmod.Wrapf(clienttypes.ErrInvalidClient, "client %s follows %s, not %s", clientID, tm.ChainId, chainID)
	}
	if t := tm.TrustLevel; t.Denominator == 0 || t.Denominator > math.MaxUint32 || t.Numerator < (2*t.Denominator+2)/3 {
		return errorsmod.Wrapf(clienttypes.ErrInvalidClient, "client %s trusts headers signed by %d/%d of a set it knows, want 2/3 or more: let `relayer link` create it", clientID, t.Numerator, t.Denominator)
	}
	if st := c.ibc.ClientKeeper.GetClientStatus(ctx, clientID); st != ibcexported.Active {
		return errorsmod.Wrapf(clienttypes.ErrClientNotActive, "client %s is %s", clientID, st)
	}
	if _, ok := c.ibc.ClientV2Keeper.GetClientCounterparty(ctx, clientID); !ok {
		return errorsmod.Wrapf(clienttypes.ErrInvalidClient, "client %s has no counterparty; `relayer link` registers it", clientID)
	}
	return nil
}

// LatestHeight is the newest height of the followed chain that the client has verified.
func (c Clients) LatestHeight(ctx sdk.Context, clientID string) (int64, error) {
	tm, err := c.tendermint(ctx, clientID)
	if err != nil {
		return 0, err
	}
	if tm.LatestHeight.RevisionHeight > math.MaxInt64 {
		return 0, errorsmod.Wrapf(clienttypes.ErrInvalidClient, "client %s is at height %s", clientID, tm.LatestHeight)
	}
	return int64(tm.LatestHeight.RevisionHeight), nil
}

// VerifyStored refuses what is not proven to be the value of a key in a store of the followed chain, by the header of a height that the client has verified. A client that is
// frozen or has expired proves nothing.
func (c Clients) VerifyStored(ctx sdk.Context, clientID string, height uint64, store string, key, value, proof []byte) error {
	tm, err := c.tendermint(ctx, clientID)
	if err != nil {
		return err
	}
	at := clienttypes.NewHeight(tm.LatestHeight.RevisionNumber, height)
	return c.ibc.ClientKeeper.VerifyMembership(ctx, clientID, at, 0, 0, proof, commitmenttypesv2.NewMerklePath([]byte(store), key), value)
}

func (c Clients) tendermint(ctx sdk.Context, clientID string) (*ibctm.ClientState, error) {
	state, ok := c.ibc.ClientKeeper.GetClientState(ctx, clientID)
	if !ok {
		return nil, errorsmod.Wrapf(clienttypes.ErrClientNotFound, "client %s", clientID)
	}
	tm, ok := state.(*ibctm.ClientState)
	if !ok {
		return nil, errorsmod.Wrapf(clienttypes.ErrInvalidClientType, "client %s is %s, want %s", clientID, state.ClientType(), ibcexported.Tendermint)
	}
	return tm, nil
}
