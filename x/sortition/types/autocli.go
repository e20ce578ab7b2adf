package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/sortition. Nodes publish by themselves: there are no commands for their messages.
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
				{RpcMethod: "Seed", Use: "seed [epoch]", Short: "The seed in force in an epoch", PositionalArgs: args("epoch")},
				{RpcMethod: "SeedAfter", Use: "seed-after [height] [time]", Short: "The first published seed sealed after a height and a time (nanoseconds since 1970): what challenges a claim of then",
					PositionalArgs: args("height", "time")},
				{RpcMethod: "Record", Use: "record [epoch]", Short: "How the seed after an epoch was made", PositionalArgs: args("epoch")},
				{RpcMethod: "Proofs", Use: "proofs [epoch]", Short: "The candidates' proofs of an epoch", PositionalArgs: args("epoch")},
				{RpcMethod: "Election", Use: "election [epoch]", Short: "Who was elected for an epoch, and from what", PositionalArgs: args("epoch")},
				{RpcMethod: "Duty", Use: "duty [hot-address]", Short: "What a node should publish now", PositionalArgs: args("hot_address")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Make every kept seed and election again"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "PublishProof", Skip: true}, {RpcMethod: "Seal", Skip: true}, {RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
