package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of the module's queries.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	address := []*autocliv1.PositionalArgDescriptor{{ProtoField: "address"}}
	return &autocliv1.ModuleOptions{Query: &autocliv1.ServiceCommandDescriptor{
		Service: Query_serviceDesc.ServiceName,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Parameters of the shard"},
			{RpcMethod: "Head", Use: "head", Short: "Height, root and supply of the accounts"},
			{RpcMethod: "Invariants", Use: "invariants", Short: "Add up all accounts, once in a hundred blocks at most"},
			{RpcMethod: "Quota", Use: "quota ADDRESS", Short: "What an account can still send without a fee", PositionalArgs: address},
			{RpcMethod: "Units", Use: "units ADDRESS", Short: "An account's last units, with a proof", PositionalArgs: address},
		},
	}}
}
