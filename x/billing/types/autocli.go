package types

import autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

// AutoCLIOptions of x/billing.
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
				cmd("Epoch", "epoch", "The current epoch"),
				cmd("Escrow", "escrow [owner]", "A payer's escrow", "owner"),
				cmd("Escrows", "escrows", "All escrows"),
				cmd("CreditLines", "credit-lines [owner]", "A payer's credit lines", "owner"),
				cmd("Pool", "pool [chain-id]", "A service chain's pool", "chain_id"),
				cmd("Settlements", "settlements [chain-id]", "A service chain's settlements", "chain_id"),
				cmd("Payouts", "payouts [chain-id]", "Payouts of a service chain", "chain_id"),
				cmd("Payout", "payout [chain-id] [epoch] [provider]", "A provider's payout for a settlement", "chain_id", "epoch", "provider"),
				cmd("Disputes", "disputes [chain-id]", "Disputes over debits of a service chain's settlements", "chain_id"),
				cmd("OpenDisputes", "open-disputes [chain-id] [provider]", "Disputes that wait for a provider's answer", "chain_id", "provider"),
				cmd("Explain", "explain [chain-id] [epoch] [provider]", "How a payout was computed", "chain_id", "epoch", "provider"),
				cmd("Invariants", "invariants", "Check that the books add up"),
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				cmd("Deposit", "deposit [amount]", "Move utop into your escrow", "amount"),
				cmd("SetReserve", "set-reserve [reserve]", "Set the part of the escrow that never becomes credit", "reserve"),
				cmd("RequestWithdrawal", "request-withdrawal [amount]", "Give notice for a part of the escrow", "amount"),
				cmd("Withdraw", "withdraw", "Collect withdrawals whose delay has passed"),
				cmd("AddSessionKey", "add-session-key [owner] [key] [cap-utop] [expires-epoch]", "Let an ed25519 key spend", "owner", "key", "cap_utop", "expires_epoch"),
				cmd("RevokeSessionKey", "revoke-session-key [owner] [key]", "Stop a key", "owner", "key"),
				cmd("Delegate", "delegate [delegate] [limit-utop] [expires-epoch]", "Let another account add keys up to a limit", "delegate", "limit_utop", "expires_epoch"),
				cmd("OpenCreditLine", "open-credit-line [chain-id] [amount]", "Put escrow behind a service chain", "chain_id", "amount"),
				cmd("Dispute", "dispute [chain-id] [epoch] [provider] [claim-epoch] [session-key] [amount]",
					"Demand the vouchers behind a debit (--path: from topserviced query usage debit-proof)", "chain_id", "epoch", "provider", "claim_epoch", "session_key", "amount"),
				cmd("AnswerDispute", "answer-dispute [chain-id] [epoch] [claim-epoch] [payer] [session-key]",
					"Show vouchers for a disputed debit (--evidence; relayers of providers do it by themselves)", "chain_id", "epoch", "claim_epoch", "payer", "session_key"),
				cmd("ReportEquivocation", "report-equivocation [chain-id] [provider]",
					"Have a provider slashed that signed two vouchers with one number (--first, --second)", "chain_id", "provider"),
				cmd("RetryPayout", "retry-payout [chain-id] [epoch] [provider]", "Pay a held payout again", "chain_id", "epoch", "provider"),
				cmd("CloseCreditLine", "close-credit-line [owner] [chain-id]", "Return an owner's share of a closed service chain's pool", "owner", "chain_id"),
				{RpcMethod: "UpdateParams", Skip: true},
			},
		},
	}
}
