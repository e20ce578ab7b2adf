package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/stake/types"
)

// RegisterNode adds the node of a validator whose own deposit suffices for every role it names.
func (k *Keeper) RegisterNode(ctx context.Context, msg *types.MsgRegisterNode) (*types.MsgRegisterNodeResponse, error) {
	if has, err := k.nodes.Has(ctx, msg.Operator); err != nil || has {
		return nil, errors.Join(err, errorsmod.Wrapf(types.ErrExists, "node %s: change it by update-node", msg.Operator))
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	n := types.NewNode(params, msg.Operator, msg.HotAddress, msg.VrfKey, msg.Roles, msg.Endpoints, msg.Version)
	n.RegisteredHeight = sdk.UnwrapSDKContext(ctx).BlockHeight()
	if err := k.checkDeposit(ctx, params, n); err != nil {
		return nil, err
	}
	if err := k.takeKey(ctx, n, msg.VrfProof); err != nil {
		return nil, err
	}
	if err := k.takeHot(ctx, n); err != nil {
		return nil, err
	}
	if err := k.nodes.Set(ctx, n.Operator, n); err != nil {
		return nil, err
	}
	return &types.MsgRegisterNodeResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(
		&types.EventNodeRegistered{Operator: n.Operator, HotAddress: n.HotAddress})
}

// UpdateNode replaces what the operator states; a new VRF key counts from the next snapshot on.
func (k *Keeper) UpdateNode(ctx context.Context, msg *types.MsgUpdateNode) (*types.MsgUpdateNodeResponse, error) {
	n, err := k.Node(ctx, msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := k.preserve(ctx, n.Operator); err != nil {
		return nil, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	n.Roles, n.Endpoints, n.Version = msg.Roles, msg.Endpoints, msg.Version
	if err := k.checkDeposit(ctx, params, n); err != nil {
		return nil, err
	}
	if len(msg.VrfKey) > 0 {
		n.VrfKey = msg.VrfKey
		if err := k.takeKey(ctx, n, msg.VrfProof); err != nil {
			return nil, err
		}
	}
	if msg.HotAddress != "" && msg.HotAddress != n.HotAddress {
		if err := k.hot.Remove(ctx, n.HotAddress); err != nil {
			return nil, err
		}
		n.HotAddress = msg.HotAddress
		if err := k.takeHot(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := k.nodes.Set(ctx, n.Operator, n); err != nil {
		return nil, err
	}
	return &types.MsgUpdateNodeResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventNodeUpdated{Operator: n.Operator})
}

// checkDeposit keeps the registry from filling with nodes that cannot be drawn.
func (k *Keeper) checkDeposit(ctx context.Context, params types.Params, n types.Node) error {
	d, err := k.deposits(ctx, n.Operator)
	if err != nil {
		return err
	}
	for _, role := range n.Roles {
		rule, ok := params.Rule(role)
		if !ok {
			return errorsmod.Wrapf(types.ErrInvalid, "%s is not open (query stake params)", role)
		}
		if d.own < rule.MinDepositUtop {
			return errorsmod.Wrapf(types.ErrDeposit, "%s needs %d utop of own deposit, the validator of %s has %d: create it or delegate to it first (tx staking)",
				role, rule.MinDepositUtop, n.Operator, d.own)
		}
	}
	return nil
}

// takeKey gives the node its VRF key, once and for good.
func (k *Keeper) takeKey(ctx context.Context, n types.Node, proof []byte) error {
	if err := sortition.VerifyPossession(sdk.UnwrapSDKContext(ctx).ChainID(), n.Operator, n.VrfKey, proof); err != nil {
		return errorsmod.Wrapf(types.ErrInvalid, "vrf_proof: %s; it must be made for this chain and operator (topchaind node-keys)", err)
	}
	if has, err := k.vrfKeys.Has(ctx, n.VrfKey); err != nil || has {
		return errors.Join(err, errorsmod.Wrap(types.ErrExists, "vrf_key was used before: make a new one"))
	}
	return k.vrfKeys.Set(ctx, n.VrfKey, n.Operator)
}

// takeHot gives the node its hot address, whose account it makes: it has no coins to receive one by.
func (k *Keeper) takeHot(ctx context.Context, n types.Node) error {
	if owner, err := k.hot.Get(ctx, n.HotAddress); err == nil {
		return errorsmod.Wrapf(types.ErrExists, "hot_address is that of node %s: each node has its own", owner)
	} else if !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	address, err := sdk.AccAddressFromBech32(n.HotAddress)
	if err != nil {
		return errorsmod.Wrapf(types.ErrInvalid, "hot_address %q: %s", n.HotAddress, err)
	}
	if !k.accounts.HasAccount(ctx, address) {
		k.accounts.SetAccount(ctx, k.accounts.NewAccountWithAddress(ctx, address))
	}
	return k.hot.Set(ctx, n.HotAddress, n.Operator)
}
