package router

import (
	"context"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/sdk/chain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// Main is the main chain as the router sees it.
type Main interface {
	// Latest height whose header can be proven.
	Latest(context.Context) (int64, error)
	// Table that is current; an empty one where the network has no shards.
	Table(context.Context) (zonestypes.RoutingTable, error)
	// Shards of the network, retired ones included.
	Shards(context.Context) ([]shardstypes.Shard, error)
	// Shard by its name, with its newest anchor and what is audited.
	Shard(ctx context.Context, name string) (*shardstypes.QueryShardResponse, error)
	// Committee of a term.
	Committee(ctx context.Context, name string, term uint64) (shardstypes.Committee, error)
	// Update that leads a light client from a header towards a height.
	Update(ctx context.Context, from lighttypes.Header, to int64) (*lighttypes.Update, error)
	// Prove the value under a key of a store by a header that a light client has; empty where there is none.
	Prove(ctx context.Context, store string, key []byte, by lighttypes.Header) ([]byte, *cmtcrypto.ProofOps, error)
	// ChainID is its name as a ledger.
	ChainID() string
	// Gate is how far it is with each shard as a ledger; nil where it is none.
	Gate(context.Context) (*Gate, error)
	// Batches that wait for a shard after a height, the first ones first.
	Batches(ctx context.Context, destination string, after uint64) ([]latticetypes.Batch, error)
	// Deliver batches of shards, and Confirm what shards have taken; both wait until that is in a block. They answer why each was refused, "" for those that were not; an error where all were.
	Deliver(context.Context, []latticetypes.Delivery) (refused []string, err error)
	Confirm(context.Context, []latticetypes.Confirmation) (refused []string, err error)
	// Delivered batches of a block, whether they were taken or not.
	Delivered(ctx context.Context, height int64) ([]*latticetypes.Delivery, error)
	// Signer of what is sent, and Send, which waits until it is in a block.
	Signer() string
	Send(ctx context.Context, msg sdk.Msg) error
}

// settlement is the main chain by way of its nodes.
type settlement struct {
	*ibc.Endpoint
	key *chain.Key
}

var _ Main = settlement{}

// Table implements Main.
func (s settlement) Table(ctx context.Context) (zonestypes.RoutingTable, error) {
	res, err := zonestypes.NewQueryClient(s.Conn()).Table(ctx, &zonestypes.QueryTableRequest{})
	if err != nil {
		return zonestypes.RoutingTable{}, err
	}
	return res.Table, nil
}

// Shards implements Main.
func (s settlement) Shards(ctx context.Context) (all []shardstypes.Shard, err error) {
	var next []byte
	for {
		res, err := shardstypes.NewQueryClient(s.Conn()).Shards(ctx, &shardstypes.QueryShardsRequest{Pagination: &query.PageRequest{Key: next, Limit: 100}})
		if err != nil {
			return nil, err
		}
		all = append(all, res.Shards...)
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 || len(res.Shards) == 0 {
			return all, nil
		}
		next = res.Pagination.NextKey
	}
}

// Shard implements Main.
func (s settlement) Shard(ctx context.Context, name string) (*shardstypes.QueryShardResponse, error) {
	return shardstypes.NewQueryClient(s.Conn()).Shard(ctx, &shardstypes.QueryShardRequest{Name: name})
}

// Committee implements Main.
func (s settlement) Committee(ctx context.Context, name string, term uint64) (shardstypes.Committee, error) {
	res, err := shardstypes.NewQueryClient(s.Conn()).Committee(ctx, &shardstypes.QueryCommitteeRequest{Name: name, Term: term})
	if err != nil {
		return shardstypes.Committee{}, err
	}
	return res.Committee, nil
}

// Update implements Main.
func (s settlement) Update(ctx context.Context, from lighttypes.Header, to int64) (*lighttypes.Update, error) {
	header, err := s.HeaderTowards(ctx, to, from.Height, from.NextValidatorsHash)
	if err != nil {
		return nil, err
	}
	u := &lighttypes.Update{
		Block:         &cmtproto.LightBlock{SignedHeader: header.SignedHeader, ValidatorSet: header.ValidatorSet},
		TrustedHeight: from.Height,
	}
	if string(header.Header.ValidatorsHash) != string(from.NextValidatorsHash) {
		u.TrustedValidators = header.TrustedValidators
	}
	return u, nil
}

// Prove implements Main.
func (s settlement) Prove(ctx context.Context, store string, key []byte, by lighttypes.Header) ([]byte, *cmtcrypto.ProofOps, error) {
	return s.Endpoint.Prove(ctx, store, key, by.Height, by.AppHash)
}

// Send implements Main.
func (s settlement) Send(ctx context.Context, msg sdk.Msg) error {
	_, err := s.Client.Send(ctx, s.key, msg)
	return err
}
