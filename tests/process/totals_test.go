//go:build process

package process

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
)

type amount = localnet.Uint

// What the modules' books say, as JSON.
type (
	escrow struct {
		Owner       string `json:"owner"`
		Free        amount `json:"free"`
		Reserve     amount `json:"reserve"`
		Withdrawals []struct {
			Amount amount `json:"amount"`
		} `json:"withdrawals"`
	}
	creditLine struct {
		ChainID  string `json:"chain_id"`
		Credited amount `json:"credited"`
		Released amount `json:"released"`
		InFlight amount `json:"in_flight"`
	}
	payout struct {
		Provider string `json:"provider"`
		Amount   amount `json:"amount"`
		Fee      amount `json:"fee"`
		Status   string `json:"status"`
	}
	disputed struct {
		Provider string `json:"provider"`
		Payer    string `json:"payer"`
		Bond     amount `json:"bond"`
		Status   string `json:"status"`
	}
	registered struct {
		ChainID  string `json:"chain_id"`
		Address  string `json:"address"`
		Operator string `json:"operator"`
		Creator  string `json:"creator"`
		Deposit  amount `json:"deposit"`
	}
)

func (e escrow) held() uint64 {
	sum := uint64(e.Free + e.Reserve)
	for _, w := range e.Withdrawals {
		sum += uint64(w.Amount)
	}
	return sum
}

// Every utop there is can be accounted for: each account's end follows from its start and what it did, each module account holds exactly what its books
// say, and nothing but inflation makes the supply grow.
func TestEveryBalanceAddsUp(t *testing.T) {
	height, err := net.Main.REST().LatestHeight(t.Context())
	require.NoError(t, err)
	l := ledger{t, net.Main.REST().At(height)}
	start, modules, owners := genesisBalances(t), l.moduleAccounts(), l.owners()

	// Payers: what left the account is in the escrow or behind a credit line.
	expected, escrows, drawn := map[string]uint64{}, uint64(0), map[string]uint64{}
	for address, balance := range start {
		expected[address] = balance
	}
	for _, e := range list[escrow](l, "/top/billing/v1/escrows", "escrows") {
		escrows += e.held()
		expected[e.Owner] -= e.held()
		for _, c := range list[creditLine](l, "/top/billing/v1/escrows/"+e.Owner+"/credit_lines", "credit_lines") {
			require.Zero(t, c.InFlight, "every credit packet is acknowledged")
			expected[e.Owner] -= uint64(c.Credited - c.Released)
			drawn[c.ChainID] += uint64(c.Credited - c.Released)
		}
	}
	require.NotZero(t, drawn[net.Service.ID])

	// Whoever added a type of service or founded a service chain paid a deposit.
	var deposits uint64
	for _, s := range list[registered](l, "/top/services/v1/types", "types") {
		if s.Deposit > 0 {
			deposits += uint64(s.Deposit)
			expected[s.Creator] -= uint64(s.Deposit)
		}
	}
	chains := list[registered](l, "/top/services/v1/chains", "chains")
	var paid, fees, unpaid uint64
	for _, c := range chains {
		deposits += uint64(c.Deposit)
		expected[c.Operator] -= uint64(c.Deposit)

		// Providers: they paid a deposit and were paid for their work.
		for _, p := range list[registered](l, "/top/services/v1/chains/"+c.ChainID+"/providers", "providers") {
			deposits += uint64(p.Deposit)
			expected[p.Address] -= uint64(p.Deposit)
		}
		var payouts uint64
		for _, p := range list[payout](l, "/top/billing/v1/payouts/"+c.ChainID, "payouts") {
			payouts += uint64(p.Amount)
			switch p.Status {
			case "PAYOUT_STATUS_PAID":
				expected[p.Provider] += uint64(p.Amount - p.Fee)
				paid += uint64(p.Amount - p.Fee)
				fees += uint64(p.Fee)
			default:
				unpaid += uint64(p.Amount)
			}
		}
		var pool struct {
			Pool struct {
				Amount  amount `json:"amount"`
				Settled amount `json:"settled"`
			} `json:"pool"`
		}
		l.get("/top/billing/v1/pools/"+c.ChainID, &pool)
		assert.Equal(t, drawn[c.ChainID], uint64(pool.Pool.Amount+pool.Pool.Settled), "pool of %s and settled = credited − released", c.ChainID)
		assert.Equal(t, payouts, uint64(pool.Pool.Settled), "what left the pool of %s became payouts", c.ChainID)
		unpaid += uint64(pool.Pool.Amount)

		// A payer who disputed what its key had signed lost the bond to the provider.
		for _, d := range list[disputed](l, "/top/billing/v1/disputes/"+c.ChainID, "disputes") {
			require.Equal(t, "DISPUTE_STATUS_ANSWERED", d.Status)
			expected[d.Payer] -= uint64(d.Bond)
			expected[d.Provider] += uint64(d.Bond)
		}
	}
	require.GreaterOrEqual(t, paid, played.Paid)

	// Validators staked in genesis.
	var staked uint64
	type validator struct {
		Operator string `json:"operator_address"`
		Tokens   amount `json:"tokens"`
	}
	validators := list[validator](l, "/cosmos/staking/v1beta1/validators", "validators")
	for i, v := range validators {
		staked += uint64(v.Tokens)
		require.Equal(t, validators[0].Tokens, v.Tokens, "validator %d", i)
	}
	for _, address := range validatorAccounts(t) {
		expected[address] -= uint64(validators[0].Tokens)
	}

	// Wallets: plain transfers between accounts of the genesis.
	for _, tx := range transfers(t, l) {
		expected[tx.from] -= tx.amount
		expected[tx.to] += tx.amount
	}

	for address, want := range expected {
		assert.Equal(t, want, owners[address], "balance of %s (started with %d)", address, start[address])
		assert.Equal(t, owners[address], l.balance(address), "both ways to ask for the balance of %s", address)
	}

	// Module accounts hold what their books say.
	assert.Equal(t, escrows+unpaid, owners[modules["billing"]], "x/billing's account")
	assert.Equal(t, deposits, owners[modules["services"]], "x/services' account")
	assert.Equal(t, staked, owners[modules["bonded_tokens_pool"]], "x/staking's account")

	// Inflation and fees are with the distribution of rewards, and nowhere else.
	inflation := minted(t, height)
	require.NotZero(t, inflation)
	var supply struct {
		Issued amount `json:"issued"`
		Burned amount `json:"burned"`
	}
	l.get("/top/issuance/v1/supply", &supply)
	assert.Equal(t, inflation, uint64(supply.Issued), "all that was minted is what x/issuance says")
	assert.Zero(t, supply.Burned)
	assert.Equal(t, inflation+fees, owners[modules["fee_collector"]]+owners[modules["distribution"]], "rewards")

	// Nobody else has anything, and it all adds up.
	known := map[string]bool{}
	for address := range expected {
		known[address] = true
	}
	for _, name := range []string{"billing", "services", "bonded_tokens_pool", "fee_collector", "distribution"} {
		known[modules[name]] = true
	}
	var sum, genesis uint64
	for address, balance := range owners {
		assert.True(t, known[address] || balance == 0, "%s has %d utop and no reason to", address, balance)
		sum += balance
	}
	for _, balance := range start {
		genesis += balance
	}
	assert.Equal(t, l.supply(), sum, "supply = sum of all balances")
	assert.Equal(t, genesis+inflation, l.supply(), "supply = genesis + inflation")
}

// The service chain's books and the main chain's are about the same money.
func TestBothChainsAgree(t *testing.T) {
	main, service := ledger{t, net.Main.REST()}, ledger{t, net.Service.REST()}
	type credit struct {
		Owner    string `json:"owner"`
		Credited amount `json:"credited"`
		Spent    amount `json:"spent"`
		Released amount `json:"released"`
		Allotted amount `json:"allotted"`
	}
	type line struct {
		Amount amount `json:"amount"`
		Spent  amount `json:"spent"`
	}
	var spent uint64
	credits := list[credit](service, "/top/usage/v1/credits", "credits")
	require.NotEmpty(t, credits)
	for _, c := range credits {
		lines := list[creditLine](main, "/top/billing/v1/escrows/"+c.Owner+"/credit_lines", "credit_lines")
		require.Len(t, lines, 1)
		require.Equal(t, lines[0].Credited, c.Credited, "credit of %s", c.Owner)
		require.LessOrEqual(t, c.Spent+c.Released+c.Allotted, c.Credited, "credit of %s", c.Owner)
		var fromLines uint64
		for _, s := range list[line](service, "/top/usage/v1/credits/"+c.Owner+"/sub_lines", "sub_lines") {
			fromLines += uint64(s.Spent)
		}
		require.Equal(t, uint64(c.Spent), fromLines, "spent by %s", c.Owner)
		spent += uint64(c.Spent)
	}
	var claimed uint64
	for _, p := range net.Providers {
		type claim struct {
			Sum    amount `json:"sum"`
			Status string `json:"status"`
		}
		for _, c := range list[claim](service, "/top/usage/v1/claims/"+p.Address, "claims") {
			require.Equal(t, "CLAIM_STATUS_SETTLED", c.Status)
			claimed += uint64(c.Sum)
		}
	}
	require.Equal(t, claimed, spent, "every proven claim was debited")
	require.GreaterOrEqual(t, claimed, played.Claimed, "the play's claims, and those of tests before")
}
