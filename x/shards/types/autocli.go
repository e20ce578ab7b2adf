package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/shards.
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
				{RpcMethod: "Shards", Use: "shards", Short: "The network's shards, retired ones included"},
				{RpcMethod: "Shard", Use: "shard [name]", Short: "A shard, its newest header, what is audited, its load", PositionalArgs: args("name")},
				{RpcMethod: "Committees", Use: "committees [name]", Short: "The committees of a shard that are kept", PositionalArgs: args("name")},
				{RpcMethod: "Committee", Use: "committee [name] [term]", Short: "The committee of a term; of term 0 the newest", PositionalArgs: args("name", "term")},
				{RpcMethod: "Auditors", Use: "auditors [zone]", Short: "Who audits a zone, now and next", PositionalArgs: args("zone")},
				{RpcMethod: "Anchors", Use: "anchors", Short: "The newest header of each shard"},
				{RpcMethod: "Headers", Use: "headers [name]", Short: "Headers of a shard that are still to be audited", PositionalArgs: args("name")},
				{RpcMethod: "Fines", Use: "fines", Short: "Fines of members of shards: what is left, and what they have paid"},
				{RpcMethod: "Assignments", Use: "assignments [operator]", Short: "Which shards a node runs", PositionalArgs: args("operator")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's books"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Anchor", Skip: true}, {RpcMethod: "Audit", Skip: true}, {RpcMethod: "ShardEvidence", Skip: true}, {RpcMethod: "ForkEvidence", Skip: true}, {RpcMethod: "UpdateParams", Skip: true},
				{RpcMethod: "Split", Use: "split [shard]", Short: "Let a shard become two; for a devnet's steward", PositionalArgs: args("shard")},
				{RpcMethod: "Merge", Use: "merge [shards]...", Short: "Let two siblings become one; for a devnet's steward", PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "shards", Varargs: true}}},
				{RpcMethod: "Freeze", Use: "freeze [shard] [reason]", Short: "Let no header above the audited one count; for a devnet's steward", PositionalArgs: args("shard", "reason")},
				{RpcMethod: "Restart", Use: "restart [shard]", Short: "Let a frozen shard go on from its last audited block; for a devnet's steward", PositionalArgs: args("shard")},
			},
		},
	}
}
