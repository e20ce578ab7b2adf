//go:build process

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
)

// ledger reads one height of the main chain over REST. It knows nothing of the modules' Go types: what it adds up, it adds up from the JSON that any wallet
// or auditor gets. Amounts in utop.
type ledger struct {
	t    *testing.T
	rest localnet.REST
}

func (l ledger) get(path string, out any) {
	l.t.Helper()
	require.NoError(l.t, l.rest.Get(l.t.Context(), path, out))
}

func list[T any](l ledger, path, field string) []T {
	l.t.Helper()
	items, err := localnet.All[T](l.t.Context(), l.rest, path, field)
	require.NoError(l.t, err)
	return items
}

// coin is an amount of one denomination.
type coin struct {
	Denom  string        `json:"denom"`
	Amount localnet.Uint `json:"amount"`
}

func (l ledger) balance(address string) uint64 {
	l.t.Helper()
	var answer struct {
		Balance coin `json:"balance"`
	}
	l.get("/cosmos/bank/v1beta1/balances/"+address+"/by_denom?denom=utop", &answer)
	return uint64(answer.Balance.Amount)
}

func (l ledger) supply() uint64 {
	l.t.Helper()
	var answer struct {
		Amount coin `json:"amount"`
	}
	l.get("/cosmos/bank/v1beta1/supply/by_denom?denom=utop", &answer)
	return uint64(answer.Amount.Amount)
}

// owners of the token and what each has.
func (l ledger) owners() map[string]uint64 {
	l.t.Helper()
	type owner struct {
		Address string `json:"address"`
		Balance coin   `json:"balance"`
	}
	owners := map[string]uint64{}
	for _, o := range list[owner](l, "/cosmos/bank/v1beta1/denom_owners/utop", "denom_owners") {
		owners[o.Address] = uint64(o.Balance.Amount)
	}
	return owners
}

// moduleAccounts by name.
func (l ledger) moduleAccounts() map[string]string {
	l.t.Helper()
	var answer struct {
		Accounts []struct {
			Name string `json:"name"`
			Base struct {
				Address string `json:"address"`
			} `json:"base_account"`
		} `json:"accounts"`
	}
	l.get("/cosmos/auth/v1beta1/module_accounts", &answer)
	accounts := map[string]string{}
	for _, a := range answer.Accounts {
		accounts[a.Name] = a.Base.Address
	}
	return accounts
}

// genesisBalances are what every account began with, from the genesis file of a node.
func genesisBalances(t *testing.T) map[string]uint64 {
	t.Helper()
	bz, err := os.ReadFile(filepath.Join(net.Main.Nodes[0].Home, "config", "genesis.json"))
	require.NoError(t, err)
	var genesis struct {
		AppState struct {
			Bank struct {
				Balances []struct {
					Address string `json:"address"`
					Coins   []coin `json:"coins"`
				} `json:"balances"`
			} `json:"bank"`
		} `json:"app_state"`
	}
	require.NoError(t, json.Unmarshal(bz, &genesis))
	balances := map[string]uint64{}
	for _, b := range genesis.AppState.Bank.Balances {
		require.Len(t, b.Coins, 1)
		require.Equal(t, "utop", b.Coins[0].Denom)
		balances[b.Address] = uint64(b.Coins[0].Amount)
	}
	return balances
}

// minted adds up the mint events of all blocks up to a height, from the node's RPC.
func minted(t *testing.T, height int64) uint64 {
	t.Helper()
	var sum uint64
	for h := int64(1); h <= height; h++ {
		amount, err := mintedIn(t.Context(), h)
		require.NoError(t, err)
		sum += amount
	}
	return sum
}

func mintedIn(ctx context.Context, height int64) (uint64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/block_results?height=%d", net.Main.Nodes[0].RPC, height), nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var answer struct {
		Result struct {
			Height string `json:"height"`
			Events []struct {
				Type       string `json:"type"`
				Attributes []struct {
					Key   string `json:"key"`
					Value string `json:"value"`
				} `json:"attributes"`
			} `json:"finalize_block_events"`
		} `json:"result"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Result.Height != strconv.FormatInt(height, 10) {
		return 0, fmt.Errorf("asked for the results of block %d, got %q", height, answer.Result.Height)
	}
	var sum uint64
	for _, e := range answer.Result.Events {
		if e.Type != "coinbase" {
			continue
		}
		for _, a := range e.Attributes {
			if a.Key == "amount" {
				amount, err := strconv.ParseUint(strings.TrimSuffix(a.Value, "utop"), 10, 64)
				if err != nil {
					return 0, err
				}
				sum += amount
			}
		}
	}
	return sum, nil
}
