package localnet

import (
	"context"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/sdk/chain"
)

// Stranger is a new account on the main chain with so many utop of the network's operator; that is all that it gets from anybody.
func (n *Network) Stranger(ctx context.Context, name string, utop int64) (Key, error) {
	key, err := newKey(name)
	if err != nil {
		return Key{}, err
	}
	operator, err := chain.FromMnemonic(n.Operator.Mnemonic)
	if err != nil {
		return Key{}, err
	}
	main, err := chain.Dial(ctx, chain.Config{GRPC: n.Main.Nodes[0].GRPC, Register: func(r codectypes.InterfaceRegistry) { banktypes.RegisterInterfaces(r) }})
	if err != nil {
		return Key{}, err
	}
	defer main.Close()
	from, to := sdk.MustAccAddressFromBech32(operator.Address()), sdk.MustAccAddressFromBech32(key.Address)
	_, err = main.Send(ctx, operator, banktypes.NewMsgSend(from, to, sdk.NewCoins(sdk.NewInt64Coin("utop", utop))))
	return key, err
}
