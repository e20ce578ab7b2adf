// Package keeper books usage on a service chain: credit, sub-lines, claims, proofs, settlements.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	corestore "cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/usage/types"
)

// ChannelKeeper sends IBC v2 packets; the channel keeper of ibc-go satisfies it. It is here and not in types/, which clients link without ibc-go.
type ChannelKeeper interface {
	SendPacket(ctx context.Context, msg *channeltypesv2.MsgSendPacket) (*channeltypesv2.MsgSendPacketResponse, error)
}

type (
	// keyID is (owner, session key).
	keyID = collections.Pair[string, []byte]
	// claimID is (provider, epoch).
	claimID = collections.Pair[string, uint64]
	// releaseKey is (height, owner).
	releaseKey = collections.Pair[uint64, string]
	// queueKey is (height, time or epoch, provider, epoch).
	queueKey = collections.Triple[uint64, string, uint64]
)

// Keeper of x/usage.
type Keeper struct {
	account   types.AccountKeeper
	clients   types.ClientKeeper
	channel   ChannelKeeper
	authority string
	address   sdk.AccAddress

	Schema collections.Schema
	params collections.Item[types.Params]
	chain  collections.Item[types.Chain]
	// credits by owner, without their session keys.
	credits collections.Map[string, types.Credit]
	// sessionKeys apart from credits: a debit reads one of them and writes none.
	sessionKeys collections.Map[keyID, billingtypes.SessionKey]
	subLines    collections.Map[lineKey, types.SubLine]
	spendings   collections.Map[keyID, types.KeySpending]
	// providers by address.
	providers collections.Map[string, types.Provider]
	claims    collections.Map[claimID, types.Claim]
	// debits of claims, apart from them: a claim moves on without its debits being read.
	debits collections.Map[claimID, types.Debits]
	// undatedQueue holds claims by their block's height until it is known when that was committed, challengeQueue by that time until their seed is here,
	// deadlineQueue by the last height for their proof.
	undatedQueue   collections.KeySet[queueKey]
	challengeQueue collections.KeySet[queueKey]
	deadlineQueue  collections.KeySet[queueKey]
	// seed of the main chain that was delivered last, by which claims are challenged.
	seed collections.Item[sortitiontypes.PublishedSeed]
	// provenQueue holds claims that wait for a settlement packet by the height of their proof, releaseQueue owners whose credit does by the height of their asking.
	provenQueue  collections.KeySet[queueKey]
	releaseQueue collections.KeySet[releaseKey]
	// settlements by epoch; resendQueue holds those that timed out.
	settlements    collections.Map[uint64, types.Settlement]
	resendQueue    collections.KeySet[uint64]
	lastSettlement collections.Item[uint64]
	// settled holds claims by (settlement's epoch, provider, epoch) as long as their debits are kept: the order of the packet's debit root.
	settled collections.KeySet[queueKey]
	// dropQueue holds acknowledged settlements by (last epoch in which their debits are needed, settlement's epoch).
	dropQueue collections.KeySet[collections.Pair[uint64, uint64]]
	// activities count the transactions of accounts.
	activities collections.Map[[]byte, types.Activity]
}

// NewKeeper builds the keeper. authority is the account that governance acts with.
func NewKeeper(
	cdc codec.BinaryCodec, store corestore.KVStoreService, account types.AccountKeeper, clients types.ClientKeeper, channel ChannelKeeper, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(store)
	line := collections.TripleKeyCodec(collections.StringKey, collections.StringKey, collections.BytesKey)
	claimKey := collections.PairKeyCodec(collections.StringKey, collections.Uint64Key)
	key := collections.PairKeyCodec(collections.StringKey, collections.BytesKey)
	queue := collections.TripleKeyCodec(collections.Uint64Key, collections.StringKey, collections.Uint64Key)
	k := &Keeper{
		account: account, clients: clients, channel: channel, authority: authority, address: authtypes.NewModuleAddress(types.ModuleName),
		params:         collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		chain:          collections.NewItem(sb, types.ChainKey, "chain", codec.CollValue[types.Chain](cdc)),
		credits:        collections.NewMap(sb, types.CreditsKey, "credits", collections.StringKey, codec.CollValue[types.Credit](cdc)),
		sessionKeys:    collections.NewMap(sb, types.SessionKeysKey, "session_keys", key, codec.CollValue[billingtypes.SessionKey](cdc)),
		subLines:       collections.NewMap(sb, types.SubLinesKey, "sub_lines", line, codec.CollValue[types.SubLine](cdc)),
		spendings:      collections.NewMap(sb, types.KeySpendingsKey, "key_spendings", key, codec.CollValue[types.KeySpending](cdc)),
		providers:      collections.NewMap(sb, types.ProvidersKey, "providers", collections.StringKey, codec.CollValue[types.Provider](cdc)),
		debits:         collections.NewMap(sb, types.DebitsKey, "debits", claimKey, codec.CollValue[types.Debits](cdc)),
		claims:         collections.NewMap(sb, types.ClaimsKey, "claims", claimKey, codec.CollValue[types.Claim](cdc)),
		undatedQueue:   collections.NewKeySet(sb, types.UndatedQueueKey, "undated_queue", queue),
		challengeQueue: collections.NewKeySet(sb, types.ChallengeQueueKey, "challenge_queue", queue),
		seed:           collections.NewItem(sb, types.SeedKey, "seed", codec.CollValue[sortitiontypes.PublishedSeed](cdc)),
		deadlineQueue:  collections.NewKeySet(sb, types.DeadlineQueueKey, "deadline_queue", queue),
		provenQueue:    collections.NewKeySet(sb, types.ProvenQueueKey, "proven_queue", queue),
		releaseQueue:   collections.NewKeySet(sb, types.ReleaseQueueKey, "release_queue", collections.PairKeyCodec(collections.Uint64Key, collections.StringKey)),
		settlements:    collections.NewMap(sb, types.SettlementsKey, "settlements", collections.Uint64Key, codec.CollValue[types.Settlement](cdc)),
		resendQueue:    collections.NewKeySet(sb, types.ResendQueueKey, "resend_queue", collections.Uint64Key),
		lastSettlement: collections.NewItem(sb, types.LastSettlementKey, "last_settlement_epoch", collections.Uint64Value),
		settled:        collections.NewKeySet(sb, types.SettledKey, "settled", queue),
		dropQueue:      collections.NewKeySet(sb, types.DropQueueKey, "drop_queue", collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key)),
		activities:     collections.NewMap(sb, types.ActivitiesKey, "activities", collections.BytesKey, codec.CollValue[types.Activity](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Address signs the module's packets.
func (k *Keeper) Address() sdk.AccAddress { return k.address }

// emit writes a typed event.
func emit(ctx context.Context, event interface {
	Reset()
	String() string
	ProtoMessage()
}) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}
