//go:build process

package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/examples/notary"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// A stranger with tokens and nobody else's signature adds a type of service, founds a chain for it by the usual commands, relays for it and provides on it, with
// prices of their own; a customer pays, and the stranger is paid.
func TestStrangerFoundsAnotherService(t *testing.T) {
	main, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	defer main.Close()
	stranger, err := net.Stranger(t.Context(), "stranger", 250_000_000)
	require.NoError(t, err)
	provider, err := net.Stranger(t.Context(), "notary", 5_000_000)
	require.NoError(t, err)
	customer, err := net.Stranger(t.Context(), "customer", 5_000_000)
	require.NoError(t, err)
	key, err := chain.FromMnemonic(stranger.Mnemonic)
	require.NoError(t, err)
	_, err = main.Send(t.Context(), key, &servicestypes.MsgRegisterServiceType{
		Creator: key.Address(), Name: notary.Name, Description: "signs that a hash existed at a time", Measures: []string{notary.Measure}, Deposit: 100_000_000,
	})
	require.NoError(t, err)

	const chainID, price, stamps = "top-notary-1", 70, 12
	founded, err := net.Found(t.Context(), stranger, notary.Name, chainID, "notaries", 1)
	require.NoError(t, err)
	require.NoError(t, net.Provide(t.Context(), founded.Chain, localnet.ServiceProvider{
		Key: provider, Program: "notary-relayer", Service: notary.Name, Prices: "{stamp: 70}",
	}))
	balances := ledger{t, net.Main.REST()}
	before := balances.balance(provider.Address)

	// One deed comes twice: its second stamp is the first one again, and costs nothing.
	mnemonic := filepath.Join(t.TempDir(), "customer")
	require.NoError(t, os.WriteFile(mnemonic, []byte(customer.Mnemonic), 0o600))
	out, err := net.Run(t.Context(), "notary-client", "notary-client", "deed a\n"+deeds(stamps),
		"-home", filepath.Join(t.TempDir(), "client"), "-main-grpc", net.Main.Nodes[0].GRPC, "-service-grpc", founded.Nodes[0].GRPC, "-mnemonic-file", mnemonic)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, lines, stamps+1)
	var last struct {
		Due uint64 `json:"due_utop"`
	}
	require.NoError(t, json.Unmarshal(lines[stamps], &last))
	require.Equal(t, uint64(stamps*price), last.Due, "at the stranger's own price")

	paid := func() (amount, fees uint64) {
		payouts, err := localnet.All[struct {
			Provider    string
			Amount, Fee localnet.Uint
			Status      string
		}](t.Context(), net.Main.REST(), "/top/billing/v1/payouts/"+chainID, "payouts")
		require.NoError(t, err)
		for _, p := range payouts {
			require.Equal(t, provider.Address, p.Provider)
			if p.Status == billingtypes.PayoutStatus_PAYOUT_STATUS_PAID.String() {
				amount, fees = amount+uint64(p.Amount), fees+uint64(p.Fee)
			}
		}
		return amount, fees
	}
	require.Eventually(t, func() bool { amount, _ := paid(); return amount == stamps*price }, 5*time.Minute, time.Second, "the stranger is paid for what was charged")
	amount, fees := paid()
	require.Equal(t, before+amount-fees, balances.balance(provider.Address))
	var books struct {
		OK     bool
		Broken string
	}
	require.NoError(t, founded.REST().Get(t.Context(), "/top/usage/v1/invariants", &books))
	require.True(t, books.OK, books.Broken)
	for _, name := range []string{provider.Name, founded.Relayer, "notaries0"} {
		require.NoError(t, net.Kill(name))
	}
}

func deeds(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "deed %c\n", 'a'+i)
	}
	return b.String()
}
