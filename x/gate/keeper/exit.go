package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// domainExit of what names an exit that no transaction asked for: one that governance decided.
const domainExit = "TOP/gate/exit/1"

// Exit takes coins of the main chain to an account of a shard. They are in the gate's account from now on; the block's end puts a receipt into the batch for the shard that has the account.
func (k *Keeper) Exit(ctx context.Context, msg *types.MsgExit) (*types.MsgExitResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Amount < params.MinExit {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "%d utop, an exit brings %d at least: an account of a shard holds as much", msg.Amount, params.MinExit)
	}
	from, err := sendtx.Address(msg.Sender)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalid, err.Error())
	}
	to, err := sendtx.Address(msg.Recipient())
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalid, err.Error())
	}
	if err := k.reachable(ctx, to); err != nil {
		return nil, err
	}
	r := receipt.Receipt{From: from, To: to, Amount: lattice.Balance{Utop: msg.Amount}, Main: true}
	if r.Transaction, err = k.transaction(ctx); err != nil {
		return nil, err
	}
	if err := k.Bank.SendCoinsFromAccountToModule(ctx, from[:], types.ModuleName, coins(msg.Amount)); err != nil {
		return nil, err
	}
	if err := k.leaving.put(ctx, &r); err != nil {
		return nil, err
	}
	return &types.MsgExitResponse{Transaction: r.Transaction[:]}, emit(ctx, &types.EventExited{
		Sender: msg.Sender, To: msg.Recipient(), Amount: msg.Amount, Transaction: hex.EncodeToString(r.Transaction[:]),
	})
}

// reachable tells why nothing can be sent to an account now: its shard goes on, and confirms what it was sent.
func (k *Keeper) reachable(ctx context.Context, to lattice.Address) error {
	owner, err := k.owner(ctx, to)
	if err != nil {
		return err
	}
	s, err := k.Shards.Shard(ctx, owner)
	if err != nil {
		return err
	}
	if !s.Runs() {
		return errorsmod.Wrapf(types.ErrUnreachable, "%s, which has the account %s, is %s; try again later", owner, sendtx.Bech32(to), s.Status)
	}
	box, err := or(k.outboxes.Get(ctx, owner))
	if err == nil && box.Waiting >= latticetypes.MaxWaiting {
		err = errorsmod.Wrapf(types.ErrUnreachable, "%s has not confirmed the last %d batches for %s; try again later", owner, box.Waiting, sendtx.Bech32(to))
	}
	return err
}

// owner of an account: the shard that has it.
func (k *Keeper) owner(ctx context.Context, a lattice.Address) (string, error) {
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return "", err
	}
	owner, ok := table.Table().Owner(a)
	if !ok {
		return "", errorsmod.Wrapf(types.ErrUnreachable, "no shard has the account %s", sendtx.Bech32(a))
	}
	return owner.Name, nil
}

// transaction that goes on, by its hash as CometBFT and wallets have it.
func (k *Keeper) transaction(ctx context.Context) (lattice.Hash, error) {
	if tx := sdk.UnwrapSDKContext(ctx).TxBytes(); len(tx) > 0 {
		return sendtx.Hash(tx), nil
	}
	next, err := k.leaving.next.Peek(ctx)
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(domainExit), next)), err
}
