package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of the module's queries.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{Query: &autocliv1.ServiceCommandDescriptor{
		Service: Query_serviceDesc.ServiceName,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Which main chain is followed, and for how long a header of it is trusted"},
			{RpcMethod: "Head", Use: "head", Short: "The newest header of the main chain that is trusted"},
			{RpcMethod: "Header", Use: "header HEIGHT", Short: "A kept header of the main chain", PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "height"}}},
			{RpcMethod: "Invariants", Use: "invariants", Short: "Check that the kept headers are in order"},
		},
	}}
}
