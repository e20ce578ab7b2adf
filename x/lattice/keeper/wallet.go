package keeper

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/lattice/types"
)

// What wallets ask a Cosmos chain for, answered from the accounts: x/auth and x/bank are not in a shard.
type (
	authServer struct {
		*authtypes.UnimplementedQueryServer
		keeper *Keeper
	}
	bankServer struct {
		*banktypes.UnimplementedQueryServer
		keeper *Keeper
	}
)

// NewAuthServer answers cosmos.auth.v1beta1.Query.
func NewAuthServer(k *Keeper) authtypes.QueryServer { return authServer{keeper: k} }

// NewBankServer answers cosmos.bank.v1beta1.Query.
func NewBankServer(k *Keeper) banktypes.QueryServer { return bankServer{keeper: k} }

// base account of a record. Its number is every account's: the shard's restarts.
func (q authServer) base(ctx context.Context, address string) (*authtypes.BaseAccount, error) {
	r, err := q.keeper.Account(address)
	if err != nil {
		return nil, err
	}
	shard, err := q.keeper.Shard.Get(ctx)
	if err != nil {
		return nil, err
	}
	account := &authtypes.BaseAccount{Address: address, AccountNumber: shard.Restarts, Sequence: r.Sequence}
	var key cryptotypes.PubKey
	switch r.Key.Kind {
	case lattice.Secp256k1:
		key = &secp256k1.PubKey{Key: r.Key.Bytes()}
	case lattice.Ed25519:
		key = &ed25519.PubKey{Key: r.Key.Bytes()}
	default:
		return account, nil
	}
	account.PubKey, err = codectypes.NewAnyWithValue(key)
	return account, err
}

// Account for x/auth.
func (q authServer) Account(ctx context.Context, req *authtypes.QueryAccountRequest) (*authtypes.QueryAccountResponse, error) {
	account, err := q.base(ctx, req.Address)
	if err != nil {
		return nil, err
	}
	packed, err := codectypes.NewAnyWithValue(account)
	return &authtypes.QueryAccountResponse{Account: packed}, err
}

// AccountInfo for x/auth.
func (q authServer) AccountInfo(ctx context.Context, req *authtypes.QueryAccountInfoRequest) (*authtypes.QueryAccountInfoResponse, error) {
	account, err := q.base(ctx, req.Address)
	return &authtypes.QueryAccountInfoResponse{Info: account}, err
}

// coins of an account; none of one that is not there.
func (q bankServer) coins(address string) (sdk.Coins, error) {
	r, err := q.keeper.Account(address)
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	return types.Coins(r.Balance), err
}

// Balance for x/bank.
func (q bankServer) Balance(_ context.Context, req *banktypes.QueryBalanceRequest) (*banktypes.QueryBalanceResponse, error) {
	if err := sdk.ValidateDenom(req.Denom); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	coins, err := q.coins(req.Address)
	if err != nil {
		return nil, err
	}
	return &banktypes.QueryBalanceResponse{Balance: &sdk.Coin{Denom: req.Denom, Amount: coins.AmountOf(req.Denom)}}, nil
}

// AllBalances for x/bank: an account has few denominations, so there is one page.
func (q bankServer) AllBalances(_ context.Context, req *banktypes.QueryAllBalancesRequest) (*banktypes.QueryAllBalancesResponse, error) {
	coins, err := q.coins(req.Address)
	if err != nil {
		return nil, err
	}
	return &banktypes.QueryAllBalancesResponse{Balances: coins, Pagination: &query.PageResponse{Total: uint64(len(coins))}}, nil
}

// SpendableBalances are all of them.
func (q bankServer) SpendableBalances(_ context.Context, req *banktypes.QuerySpendableBalancesRequest) (*banktypes.QuerySpendableBalancesResponse, error) {
	coins, err := q.coins(req.Address)
	if err != nil {
		return nil, err
	}
	return &banktypes.QuerySpendableBalancesResponse{Balances: coins, Pagination: &query.PageResponse{Total: uint64(len(coins))}}, nil
}

// SpendableBalanceByDenom is the balance.
func (q bankServer) SpendableBalanceByDenom(ctx context.Context, req *banktypes.QuerySpendableBalanceByDenomRequest) (*banktypes.QuerySpendableBalanceByDenomResponse, error) {
	res, err := q.Balance(ctx, &banktypes.QueryBalanceRequest{Address: req.Address, Denom: req.Denom})
	if err != nil {
		return nil, err
	}
	return &banktypes.QuerySpendableBalanceByDenomResponse{Balance: res.Balance}, nil
}

// SupplyOf a denomination in this shard: issued at genesis less what was burned and lost since.
func (q bankServer) SupplyOf(ctx context.Context, req *banktypes.QuerySupplyOfRequest) (*banktypes.QuerySupplyOfResponse, error) {
	if err := sdk.ValidateDenom(req.Denom); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	head, err := q.keeper.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	amount := head.Issued.AmountOf(req.Denom).Sub(head.Lost.AmountOf(req.Denom))
	if req.Denom == sdk.DefaultBondDenom {
		amount = amount.Sub(math.NewIntFromUint64(head.Burned))
	}
	return &banktypes.QuerySupplyOfResponse{Amount: sdk.Coin{Denom: req.Denom, Amount: amount}}, nil
}
