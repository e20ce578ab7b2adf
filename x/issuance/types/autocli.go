package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/issuance.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Parameters"},
				{RpcMethod: "Supply", Use: "supply", Short: "What was issued so far, where it went, and what is left of the reserve"},
				{RpcMethod: "Years", Use: "years", Short: "Years that are over"},
				{RpcMethod: "Schedule", Use: "schedule", Short: "What this year and those to come issue", Example: "topchaind query issuance schedule --years 100"},
				{
					RpcMethod: "Epoch", Use: "epoch [epoch]", Short: "Where went what was issued for an epoch",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "epoch"}},
				},
				{RpcMethod: "LastEpoch", Use: "last-epoch", Short: "The same for the last epoch that is over"},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's books"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service:           _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{{RpcMethod: "UpdateParams", Skip: true}},
		},
	}
}
