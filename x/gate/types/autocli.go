package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/gate.
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
				{RpcMethod: "Params", Use: "params", Short: "Parameters, and the address that users of shards send to"},
				{RpcMethod: "Ledgers", Use: "ledgers", Short: "How far the main chain is with each shard"},
				{RpcMethod: "Batches", Use: "batches [destination]", Short: "Batches that wait for a shard", PositionalArgs: args("destination")},
				{RpcMethod: "Books", Use: "books", Short: "What shards hold, and what came and went"},
				{RpcMethod: "Exposure", Use: "exposure", Short: "What each shard can bring unaudited, were it captured, and what its members would be fined for that"},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's books"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Exit", Use: "exit [amount]", Short: "Bring coins, in utop, to your account on a shard, or to another (--to)", PositionalArgs: args("amount")},
				{RpcMethod: "Deliver", Skip: true}, {RpcMethod: "Confirm", Skip: true}, {RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
