package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/stake.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) []*autocliv1.PositionalArgDescriptor {
		out := make([]*autocliv1.PositionalArgDescriptor, len(fields))
		for i, f := range fields {
			out[i] = &autocliv1.PositionalArgDescriptor{ProtoField: f}
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Parameters"},
				{RpcMethod: "Nodes", Use: "nodes", Short: "All nodes"},
				{RpcMethod: "Node", Use: "node [operator]", Short: "A node and each factor of its stake now", PositionalArgs: args("operator")},
				{RpcMethod: "History", Use: "history [operator]", Short: "A node's stake and rating epoch by epoch", PositionalArgs: args("operator")},
				{RpcMethod: "Snapshot", Use: "snapshot [epoch]", Short: "Everyone's stake in an epoch", PositionalArgs: args("epoch")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the registry"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "RegisterNode", Use: "register-node [hot-address] [vrf-key] [vrf-proof]", Short: "Register the node of your validator (topchaind node-keys prints the arguments)", PositionalArgs: args("hot_address", "vrf_key", "vrf_proof")},
				{RpcMethod: "UpdateNode", Use: "update-node", Short: "Replace roles, endpoints, version and, where given, keys"},
				{RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
