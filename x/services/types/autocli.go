package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/services.
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
				{RpcMethod: "Params", Use: "params", Short: "Parameters of the registry"},
				{RpcMethod: "ServiceTypes", Use: "service-types", Short: "All types of service"},
				{RpcMethod: "ServiceChains", Use: "service-chains", Short: "All service chains"},
				{RpcMethod: "ServiceChain", Use: "service-chain [chain-id]", Short: "One service chain", PositionalArgs: args("chain_id")},
				{RpcMethod: "Providers", Use: "providers [chain-id]", Short: "Providers of a service chain", PositionalArgs: args("chain_id")},
				{RpcMethod: "Provider", Use: "provider [chain-id] [address]", Short: "One provider", PositionalArgs: args("chain_id", "address")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check that the deposits are there"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "RegisterServiceType", Use: "register-service-type [name] [description] [deposit]", Short: "Add a type of service (measures by --measures)", PositionalArgs: args("name", "description", "deposit")},
				{RpcMethod: "RegisterServiceChain", Use: "register-service-chain [chain-id] [type] [deposit]", Short: "Add a service chain", PositionalArgs: args("chain_id", "type", "deposit")},
				{RpcMethod: "LinkServiceChain", Use: "link-service-chain [chain-id] [client-id]", Short: "Name the light client of a service chain, once", PositionalArgs: args("chain_id", "client_id")},
				{RpcMethod: "RegisterProvider", Use: "register-provider [chain-id] [key] [key-signature] [deposit]", Short: "Register as provider (a relayer does it by itself)", PositionalArgs: args("chain_id", "key", "key_signature", "deposit")},
				{RpcMethod: "UpdateProvider", Use: "update-provider [chain-id] [status]", Short: "Change endpoints, prices and status", PositionalArgs: args("chain_id", "status")},
				{RpcMethod: "AddProviderDeposit", Use: "add-provider-deposit [chain-id] [amount]", Short: "Raise a provider's deposit", PositionalArgs: args("chain_id", "amount")},
				{RpcMethod: "ExitProvider", Use: "exit-provider [chain-id]", Short: "End a provider's service for good", PositionalArgs: args("chain_id")},
				{RpcMethod: "WithdrawProviderDeposit", Use: "withdraw-provider-deposit [chain-id]", Short: "Take an exiting provider's deposit back", PositionalArgs: args("chain_id")},
				{RpcMethod: "AddServiceChainDeposit", Use: "add-service-chain-deposit [chain-id] [amount]", Short: "Raise a service chain's deposit", PositionalArgs: args("chain_id", "amount")},
				{RpcMethod: "ExitServiceChain", Use: "exit-service-chain [chain-id]", Short: "End a service chain", PositionalArgs: args("chain_id")},
				{RpcMethod: "WithdrawServiceChainDeposit", Use: "withdraw-service-chain-deposit [chain-id]", Short: "Take a closed service chain's deposit back", PositionalArgs: args("chain_id")},
				{RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
