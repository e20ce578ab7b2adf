//go:build process

package process

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
)

type transfer struct {
	from, to string
	amount   uint64
}

// transfers are the plain payments (MsgSend) up to the ledger's height, from the gateway's transaction search.
func transfers(t *testing.T, l ledger) []transfer {
	t.Helper()
	var answer struct {
		Total amount `json:"total"`
		Txs   []struct {
			Body struct {
				Messages []struct {
					Type   string `json:"@type"`
					From   string `json:"from_address"`
					To     string `json:"to_address"`
					Amount []coin `json:"amount"`
				} `json:"messages"`
			} `json:"body"`
		} `json:"txs"`
		Responses []struct {
			Height string `json:"height"`
			Code   int    `json:"code"`
		} `json:"tx_responses"`
	}
	l.get("/cosmos/tx/v1beta1/txs?limit=100&query="+url.QueryEscape("message.action='/cosmos.bank.v1beta1.MsgSend'"), &answer)
	require.Less(t, uint64(answer.Total), uint64(100), "one page holds them all")
	var found []transfer
	for i, tx := range answer.Txs {
		height, err := strconv.ParseInt(answer.Responses[i].Height, 10, 64)
		require.NoError(t, err)
		if answer.Responses[i].Code != 0 || height > l.rest.Height {
			continue
		}
		for _, m := range tx.Body.Messages {
			require.Equal(t, "/cosmos.bank.v1beta1.MsgSend", m.Type)
			require.Len(t, m.Amount, 1)
			found = append(found, transfer{m.From, m.To, uint64(m.Amount[0].Amount)})
		}
	}
	return found
}

// validatorAccounts are the genesis accounts behind the validators.
func validatorAccounts(t *testing.T) []string {
	t.Helper()
	record, err := localnet.ReadRecord(net.Dir)
	require.NoError(t, err)
	var addresses []string
	for _, k := range record.Keys {
		if strings.HasPrefix(k.Name, "validator") {
			addresses = append(addresses, k.Address)
		}
	}
	require.Len(t, addresses, len(net.Main.Nodes))
	return addresses
}
