package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/committees.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	arg := func(field string) []*autocliv1.PositionalArgDescriptor {
		return []*autocliv1.PositionalArgDescriptor{{ProtoField: field}}
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Parameters"},
				{RpcMethod: "Committee", Use: "committee", Short: "Who sits, and who takes vacant seats"},
				{RpcMethod: "Terms", Use: "terms", Short: "Who sat from which height on"},
				{RpcMethod: "Term", Use: "term [height]", Short: "Who votes at a height", PositionalArgs: arg("height")},
				{RpcMethod: "Member", Use: "member [operator]", Short: "Whether an operator sits or could, and what stood behind it", PositionalArgs: arg("operator")},
				{RpcMethod: "Work", Use: "work [epoch]", Short: "What members signed in an epoch", PositionalArgs: arg("epoch")},
				{RpcMethod: "Security", Use: "security", Short: "Odds that a committee of this size is bad", Example: "topchaind query committees security --bad-share 0.2 --auditors 21"},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's books"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service:           _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{{RpcMethod: "UpdateParams", Skip: true}},
		},
	}
}
