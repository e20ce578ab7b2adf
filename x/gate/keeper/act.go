package keeper

import (
	"context"
	"encoding/hex"
	"fmt"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/gate/types"
)

func coins(utop uint64) sdk.Coins {
	return sdk.NewCoins(sdk.NewCoin(sendtx.Utop, math.NewIntFromUint64(utop)))
}

// actAll carries out the first receipts of the queue. What cannot be done goes back to its sender, with the next batch for its shard.
func (k *Keeper) actAll(ctx context.Context) error {
	receipts, err := k.queue.take(ctx, types.ActsPerBlock)
	if err != nil {
		return err
	}
	for i := range receipts {
		r := &receipts[i]
		err := attempt(ctx, func(ctx sdk.Context) error { return k.act(ctx, r) })
		if err == nil {
			continue
		}
		if err := k.giveBack(ctx, r, err); err != nil {
			return err
		}
	}
	return nil
}

// act on a receipt: with the coins that it carries, and no others.
func (k *Keeper) act(ctx sdk.Context, r *receipt.Receipt) error {
	amount := coins(r.Amount.Utop)
	if r.Return {
		if err := k.Bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, r.From[:], amount); err != nil {
			return err
		}
		return emit(ctx, &types.EventCameBack{Transaction: hex.EncodeToString(r.Transaction[:]), Sender: sendtx.Bech32(r.From), Amount: r.Amount.Utop})
	}
	action, err := receipt.ActionOf(r.From, r.Memo)
	if err != nil {
		return err
	}
	// They pass through the sender's account, but for a payment to another.
	account := r.From
	if action.Kind == receipt.Pay {
		account = action.To
	}
	if err := k.Bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, account[:], amount); err != nil {
		return err
	}
	if err := k.do(ctx, action, sendtx.Bech32(r.From), r); err != nil {
		return err
	}
	return emit(ctx, &types.EventActed{Transaction: hex.EncodeToString(r.Transaction[:]), From: sendtx.Bech32(r.From), Memo: r.Memo, Amount: r.Amount.Utop})
}

// do with coins that are in the sender's account now what the memo says.
func (k *Keeper) do(ctx sdk.Context, a receipt.Action, sender string, r *receipt.Receipt) error {
	switch a.Kind {
	case receipt.Pay:
		return nil
	case receipt.Stake:
		return k.delegate(ctx, sender, a.To[:], r.Amount.Utop)
	case receipt.Node:
		// A node's deposit is what its operator has delegated to itself (x/stake).
		if _, err := k.Nodes.Node(ctx, sender); err != nil {
			return err
		}
		return k.delegate(ctx, sender, r.From[:], r.Amount.Utop)
	case receipt.Escrow, receipt.Line:
		if _, err := k.Billing.Deposit(ctx, &billingtypes.MsgDeposit{Owner: sender, Amount: r.Amount.Utop}); err != nil || a.Kind == receipt.Escrow {
			return err
		}
		_, err := k.Billing.OpenCreditLine(ctx, &billingtypes.MsgOpenCreditLine{Owner: sender, ChainId: a.Chain, Amount: r.Amount.Utop})
		return err
	}
	return fmt.Errorf("an action of kind %d", a.Kind)
}

func (k *Keeper) delegate(ctx context.Context, delegator string, operator sdk.ValAddress, utop uint64) error {
	_, err := k.Staking.Delegate(ctx, &stakingtypes.MsgDelegate{DelegatorAddress: delegator, ValidatorAddress: operator.String(), Amount: sdk.NewCoin(sendtx.Utop, math.NewIntFromUint64(utop))})
	return err
}

// giveBack coins that could not be used: to the shard that has their sender's account. An exit that has come back, and that nobody takes, is the community's.
func (k *Keeper) giveBack(ctx context.Context, r *receipt.Receipt, why error) error {
	if err := emit(ctx, &types.EventReturned{
		Transaction: hex.EncodeToString(r.Transaction[:]), From: sendtx.Bech32(r.From), Memo: r.Memo, Amount: r.Amount.Utop, Reason: why.Error(),
	}); err != nil {
		return err
	}
	if r.Return {
		err := k.Community.FundCommunityPool(ctx, coins(r.Amount.Utop), k.account)
		return errorsmod.Wrap(err, "an exit that nobody takes back")
	}
	back := *r
	back.Return, back.Memo = true, ""
	return k.leaving.put(ctx, &back)
}
