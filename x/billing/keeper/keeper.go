// Package keeper holds escrows, credit lines, settlements and payouts: the money side of every service.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/billing/types"
)

// ChannelKeeper sends IBC v2 packets; the channel keeper of ibc-go satisfies it. It is here and not in types/, which clients link without ibc-go.
type ChannelKeeper interface {
	SendPacket(ctx context.Context, msg *channeltypesv2.MsgSendPacket) (*channeltypesv2.MsgSendPacketResponse, error)
}

// payoutKey orders the queue: (due epoch, chain, settlement epoch, provider).
type payoutKey = collections.Quad[uint64, string, uint64, string]

// disputeKey is (chain id, settlement's epoch, id).
type disputeKey = collections.Triple[string, uint64, string]

// Keeper of x/billing.
type Keeper struct {
	bank         types.BankKeeper
	services     types.ServicesKeeper
	channel      ChannelKeeper
	feeCollector string
	authority    string
	address      sdk.AccAddress

	Schema      collections.Schema
	params      collections.Item[types.Params]
	epochBlocks collections.Item[uint64]
	revision    collections.Sequence
	// escrows by owner.
	escrows collections.Map[string, types.Escrow]
	// lines by (owner, chain id).
	lines collections.Map[collections.Pair[string, string], types.CreditLine]
	// pools by chain id.
	pools collections.Map[string, types.Pool]
	// payouts by (chain id, epoch, provider).
	payouts collections.Map[collections.Triple[string, uint64, string], types.Payout]
	// queue of payouts that are not yet paid.
	queue collections.KeySet[payoutKey]
	// settlements by (chain id, epoch).
	settlements collections.Map[collections.Pair[string, uint64], types.Settlement]
	// unpaid sums payouts that are not paid, by (chain id, provider) and, with an empty provider, by chain.
	unpaid collections.Map[collections.Pair[string, string], uint64]
	// disputes by (chain id, settlement's epoch, id), their queue by deadline.
	disputes      collections.Map[disputeKey, types.Dispute]
	disputeQueue  collections.KeySet[collections.Quad[uint64, string, uint64, string]]
	announcements collections.KeySet[announcementKey]
	// equivocations are (chain, provider, session) for which a provider was slashed.
	equivocations collections.KeySet[collections.Triple[string, string, []byte]]
	// endedKeys by (owner, key) are past keys that no escrow lists any more.
	endedKeys collections.Map[collections.Pair[string, []byte], types.SessionKey]
}

// NewKeeper builds the keeper. Fees of payouts go to the module account feeCollector; authority is the account that governance acts with.
func NewKeeper(
	cdc codec.BinaryCodec, store corestore.KVStoreService, bank types.BankKeeper, services types.ServicesKeeper, channel ChannelKeeper,
	feeCollector, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	k := &Keeper{
		bank: bank, services: services, channel: channel, feeCollector: feeCollector, authority: authority,
		address:     authtypes.NewModuleAddress(types.ModuleName),
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		epochBlocks: collections.NewItem(sb, types.EpochBlocksKey, "epoch_blocks", collections.Uint64Value),
		revision:    collections.NewSequence(sb, types.RevisionKey, "revision"),
		escrows:     collections.NewMap(sb, types.EscrowsKey, "escrows", collections.StringKey, codec.CollValue[types.Escrow](cdc)),
		lines: collections.NewMap(sb, types.LinesKey, "credit_lines", collections.PairKeyCodec(collections.StringKey, collections.StringKey),
			codec.CollValue[types.CreditLine](cdc)),
		pools: collections.NewMap(sb, types.PoolsKey, "pools", collections.StringKey, codec.CollValue[types.Pool](cdc)),
		payouts: collections.NewMap(sb, types.PayoutsKey, "payouts", collections.TripleKeyCodec(collections.StringKey, collections.Uint64Key, collections.StringKey),
			codec.CollValue[types.Payout](cdc)),
		queue: collections.NewKeySet(sb, types.PayoutQueueKey, "payout_queue",
			collections.QuadKeyCodec(collections.Uint64Key, collections.StringKey, collections.Uint64Key, collections.StringKey)),
		settlements: collections.NewMap(sb, types.SettlementsKey, "settlements", collections.PairKeyCodec(collections.StringKey, collections.Uint64Key),
			codec.CollValue[types.Settlement](cdc)),
		unpaid: collections.NewMap(sb, types.UnpaidKey, "unpaid", collections.PairKeyCodec(collections.StringKey, collections.StringKey), collections.Uint64Value),
		disputes: collections.NewMap(sb, types.DisputesKey, "disputes", collections.TripleKeyCodec(collections.StringKey, collections.Uint64Key, collections.StringKey),
			codec.CollValue[types.Dispute](cdc)),
		disputeQueue: collections.NewKeySet(sb, types.DisputeQueueKey, "dispute_queue",
			collections.QuadKeyCodec(collections.Uint64Key, collections.StringKey, collections.Uint64Key, collections.StringKey)),
		announcements: collections.NewKeySet(sb, types.AnnouncementsKey, "announcements",
			collections.QuadKeyCodec(collections.Uint64Key, collections.StringKey, collections.StringKey, collections.BoolKey)),
		equivocations: collections.NewKeySet(sb, types.EquivocationsKey, "equivocations",
			collections.TripleKeyCodec(collections.StringKey, collections.StringKey, collections.BytesKey)),
		endedKeys: collections.NewMap(sb, types.EndedKeysKey, "ended_keys", collections.PairKeyCodec(collections.StringKey, collections.BytesKey),
			codec.CollValue[types.SessionKey](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Address of the module account.
func (k *Keeper) Address() sdk.AccAddress { return k.address }

// EpochBlocks is the length of an epoch in blocks.
func (k *Keeper) EpochBlocks(ctx context.Context) (uint64, error) { return k.epochBlocks.Get(ctx) }

// Epoch is the current one, by this chain's height.
func (k *Keeper) Epoch(ctx context.Context) (uint64, error) {
	blocks, err := k.epochBlocks.Get(ctx)
	if err != nil {
		return 0, err
	}
	return epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight(), blocks), nil
}
