package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/usage. Claims, proofs and seeds carry trees, signatures and proofs: relayers make them, so they have no command.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	cmd := func(method, use, short string, fields ...string) *autocliv1.RpcCommandOptions {
		o := &autocliv1.RpcCommandOptions{RpcMethod: method, Use: use, Short: short}
		for _, f := range fields {
			o.PositionalArgs = append(o.PositionalArgs, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return o
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				cmd("Params", "params", "Parameters"),
				cmd("Chain", "chain", "What this chain is and how it is linked"),
				cmd("Epoch", "epoch", "The current epoch"),
				cmd("Credit", "credit [owner]", "A payer's credit", "owner"),
				cmd("Credits", "credits", "All credits"),
				cmd("SubLine", "sub-line [owner] [provider] [session-key]", "What a payer guarantees a provider", "owner", "provider", "session_key"),
				cmd("SubLines", "sub-lines [owner]", "A payer's sub-lines", "owner"),
				cmd("KeySpending", "key-spending [owner] [key]", "What a session key has promised and spent of its cap", "owner", "key"),
				cmd("Provider", "provider [address]", "One provider", "address"),
				cmd("Providers", "providers", "All providers"),
				cmd("Claim", "claim [provider] [epoch]", "One claim", "provider", "epoch"),
				cmd("Claims", "claims [provider]", "A provider's claims", "provider"),
				cmd("AwaitedSeed", "awaited-seed", "After what the seed was sealed that the oldest claim waits for"),
				cmd("DebitProof", "debit-proof [settlement-epoch] [provider] [claim-epoch] [payer] [session-key]", "What a dispute on the main chain shows",
					"settlement_epoch", "provider", "claim_epoch", "payer", "session_key"),
				cmd("Settlements", "settlements", "Settlement packets and where they are"),
				cmd("Invariants", "invariants", "Check that the books add up"),
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				cmd("LinkMainChain", "link-main-chain [client-id]", "Name the light client of the main chain, once", "client_id"),
				cmd("Allot", "allot [provider] [session-key] [amount]", "Guarantee credit and a key's cap to a provider", "provider", "session_key", "amount"),
				cmd("Reclaim", "reclaim [provider] [session-key] [amount]", "Give notice for unspent allotment", "provider", "session_key", "amount"),
				cmd("Release", "release [amount]", "Give open credit back to your escrow", "amount"),
				cmd("RetrySettlement", "retry-settlement [epoch]", "Send a refused settlement again", "epoch"),
				{RpcMethod: "Claim", Skip: true},
				{RpcMethod: "DeliverSeed", Skip: true},
				{RpcMethod: "Prove", Skip: true},
				{RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
