package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/zones.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	arg := func(field string) []*autocliv1.PositionalArgDescriptor {
		return []*autocliv1.PositionalArgDescriptor{{ProtoField: field}}
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Table", Use: "table", Short: "Which shard has which accounts"},
				{RpcMethod: "TableAt", Use: "table-at [version]", Short: "A routing table by its version", PositionalArgs: arg("version")},
				{RpcMethod: "Owner", Use: "owner [address]", Short: "The shard that has an account", PositionalArgs: arg("address")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's books"},
			},
		},
	}
}
