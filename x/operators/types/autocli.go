package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/operators.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Operators", Use: "operators", Short: "The chain's validators"},
				{
					RpcMethod: "Operator", Use: "operator [address]", Short: "One validator",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "address"}},
				},
			},
		},
	}
}
