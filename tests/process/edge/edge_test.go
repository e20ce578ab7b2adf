//go:build process

package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// A wallet and a back end built with CosmJS, which know nothing of TOP and nothing of shards, work with accounts of two shards by one address.
func TestCosmJSWallet(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("CosmJS runs on Node.js, which is not installed:", err)
	}
	npm, err := exec.LookPath("npm")
	require.NoError(t, err, "npm comes with Node.js")
	n := found(t)
	// A copy: another test may be installing the same packages.
	dir := filepath.Join(n.dir, "cosmjs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"package.json", "package-lock.json", "wallet.js", "listener.js"} {
		bz, err := os.ReadFile(filepath.Join("..", "..", "cosmjs", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), bz, 0o600))
	}
	_, err = process.Run(t.Context(), process.Spec{Name: "npm ci", Path: npm, Args: []string{"ci"}, Dir: dir, Log: filepath.Join(n.dir, "npm.log")})
	require.NoError(t, err)
	for i, wallet := range n.wallets {
		for _, script := range []string{"wallet.js", "listener.js"} {
			ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
			defer cancel()
			out, err := process.Run(ctx, process.Spec{
				Name: script, Path: node, Args: []string{script}, Dir: dir, Log: filepath.Join(n.dir, "cosmjs.log"),
				Env: []string{
					"TOP_RPC=" + n.rpc, "TOP_REST=" + n.rest, "TOP_CHAIN_ID=" + latticetypes.Network,
					"TOP_MNEMONIC=" + wallet.mnemonic, "TOP_RECIPIENT=" + accountIn(t, i, 100).String(), "TOP_AMOUNT=123456",
				},
			})
			require.NoError(t, err, "%s with an account of shard %d", script, i)
			var sent struct{ Sender, Hash string }
			require.NoError(t, json.Unmarshal(out, &sent))
			require.Equal(t, wallet.String(), sent.Sender)
		}
	}
}

// Accounts of both shards by REST and gRPC: batches are split by senders, history and supply are merged, and a node that ends is not missed.
func TestOneAddressForTwoShards(t *testing.T) {
	n := found(t)
	conn, err := grpc.NewClient(n.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	bank := banktypes.NewQueryClient(conn)

	// One batch with senders of both shards, one of whom sends to an account of another shard, and one that is no transaction.
	stream, err := latticetypes.NewIngestClient(conn).Submit(t.Context())
	require.NoError(t, err)
	recipients := [2]account{accountIn(t, 0, 100), accountIn(t, 1, 100)}
	var batch [][]byte
	for i, w := range n.wallets {
		batch = append(batch, send(t, w, 0, recipients[i], 200_000+uint64(i)))
	}
	batch = append(batch, []byte("nothing"))
	require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: batch}))
	res, err := stream.Recv()
	require.NoError(t, err)
	require.Len(t, res.Refused, 1)
	require.EqualValues(t, 2, res.Refused[0].Index)
	require.Contains(t, res.Refused[0].Log, "malformed")

	for i, r := range recipients {
		n.await(t, "the transfer of shard "+fmt.Sprint(i), func(ctx context.Context) error {
			got, err := n.balance(ctx, r)
			if err == nil && got != fmt.Sprint(200_000+i) {
				err = errors.New(got)
			}
			return err
		}, n.edge)
		b, err := bank.Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: r.String(), Denom: "utop"})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%dutop", 200_000+i), b.Balance.String())

		hash := sendtx.Hash(batch[i])
		var byHash struct {
			Result struct{ Hash string }
		}
		require.NoError(t, get(t.Context(), fmt.Sprintf("%s/tx?hash=0x%X", n.rpc, hash), &byHash))
		require.Equal(t, fmt.Sprintf("%X", hash), byHash.Result.Hash)
		for _, query := range []string{fmt.Sprintf("transfer.recipient='%s'", r), fmt.Sprintf("message.sender='%s'", n.wallets[i]), fmt.Sprintf("tx.hash='%X'", hash)} {
			var found struct {
				TxResponses []struct{ Txhash string } `json:"tx_responses"`
			}
			require.NoError(t, get(t.Context(), n.rest+"/cosmos/tx/v1beta1/txs?query="+url.QueryEscape(query), &found))
			require.Len(t, found.TxResponses, 1, query)
			require.Equal(t, fmt.Sprintf("%X", hash), found.TxResponses[0].Txhash)
			var overRPC struct {
				Result struct {
					TotalCount string `json:"total_count"`
				}
			}
			require.NoError(t, get(t.Context(), n.rpc+"/tx_search?query="+url.QueryEscape(`"`+query+`"`), &overRPC))
			require.Equal(t, "1", overRPC.Result.TotalCount, query)
		}
	}

	// Both shards together hold what genesis has issued, less what was burned for fees: asked for once, it is the sum of what they say themselves.
	total, err := bank.SupplyOf(t.Context(), &banktypes.QuerySupplyOfRequest{Denom: "utop"})
	require.NoError(t, err)
	sum := total.Amount.Amount.Sub(total.Amount.Amount)
	for _, name := range []string{"top-z0.s0-1", "top-z0.s1-1"} {
		one, err := bank.SupplyOf(metadata.AppendToOutgoingContext(t.Context(), "x-top-shard", name), &banktypes.QuerySupplyOfRequest{Denom: "utop"})
		require.NoError(t, err)
		require.True(t, one.Amount.Amount.IsPositive())
		sum = sum.Add(one.Amount.Amount)
	}
	require.Equal(t, sum.String(), total.Amount.Amount.String())

	// One shard alone, as it is.
	for i, name := range []string{"top-z0.s0-1", "top-z0.s1-1"} {
		var params struct {
			Shard struct {
				Bits int `json:"prefix_bits"`
			}
		}
		require.NoError(t, get(t.Context(), n.rest+"/shard/"+name+"/top/lattice/v1/params", &params))
		require.Equal(t, i, params.Shard.Bits)
		var commit struct {
			Result struct {
				SignedHeader struct {
					Header struct {
						ChainID string `json:"chain_id"`
					}
				} `json:"signed_header"`
			}
		}
		require.NoError(t, get(t.Context(), n.rpc+"/shard/"+name+"/commit?height=1", &commit))
		require.Equal(t, name, commit.Result.SignedHeader.Header.ChainID)
	}

	// A transfer to another shard's account is refused in the sender's shard's words.
	require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: [][]byte{send(t, n.wallets[0], 1, recipients[1], 1)}}))
	res, err = stream.Recv()
	require.NoError(t, err)
	require.Len(t, res.Refused, 1)
	require.Contains(t, res.Refused[0].Log, "top-z0.s1-1")

	// The first of shard 0's nodes is gone.
	for _, l := range n.links {
		require.NoError(t, l.Close())
	}
	for range 20 {
		got, err := n.balance(t.Context(), recipients[0])
		require.NoError(t, err)
		require.Equal(t, "200000", got)
		require.NoError(t, get(t.Context(), n.rpc+"/block?height=1", &struct{}{}))
	}

	// All of shard 1's are: it is said, and shard 0 is served.
	require.NoError(t, n.members[1].process.Stop(waitTimeout))
	n.await(t, "the warning", func(context.Context) error {
		s, err := n.status()
		if err == nil && s.Warnings["edge"] == "" {
			err = errors.New("there is none")
		}
		return err
	}, n.edge)
	s, err := n.status()
	require.NoError(t, err)
	require.Equal(t, "no node answers of 1 of 2 shards: top-z0.s1-1", s.Warnings["edge"])
	_, err = bank.Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: recipients[1].String(), Denom: "utop"})
	require.Equal(t, codes.Unavailable, grpcstatus.Code(err), err)
	require.ErrorContains(t, err, "shard top-z0.s1-1: no node answers")
	got, err := n.balance(t.Context(), recipients[0])
	require.NoError(t, err)
	require.Equal(t, "200000", got)
	n.startMember(t, 1)
	n.await(t, "shard 1 again", func(ctx context.Context) error { _, err := n.balance(ctx, recipients[1]); return err }, n.edge)

	t.Run("wrong inputs", func(t *testing.T) {
		for url, want := range map[string]struct {
			code int
			text string
		}{
			n.rest + "/cosmos/bank/v1beta1/balances/top1wrong/by_denom?denom=utop":                       {http.StatusBadRequest, "address"},
			n.rest + "/cosmos/tx/v1beta1/txs/00":                                                         {http.StatusBadRequest, "want 64 hex digits"},
			n.rest + "/cosmos/tx/v1beta1/txs?query=" + url.QueryEscape("transfer.recipient='top1wrong'"): {http.StatusBadRequest, "address"},
			n.rest + "/top/lattice/v1/head":                                                              {http.StatusBadRequest, "below /shard/NAME"},
			n.rest + "/shard/nowhere/top/lattice/v1/head":                                                {http.StatusNotFound, "no shard of that name"},
			n.rpc + "/commit?height=1":                                                                   {http.StatusInternalServerError, "below /shard/NAME"},
			n.rpc + "/block?height=0":                                                                    {http.StatusInternalServerError, "greater than 0"},
			n.rpc + "/tx?hash=0x00":                                                                      {http.StatusInternalServerError, "want 32"},
			n.rpc + fmt.Sprintf("/tx?hash=0x%064d", 0):                                                   {http.StatusInternalServerError, "not found"},
			n.rpc + "/broadcast_tx_sync?tx=0x00":                                                         {http.StatusOK, "takes transfers only"},
			n.rpc + "/unsafe_flush_mempool":                                                              {http.StatusNotFound, ""},
			n.rpc + "/tx_search?query=" + url.QueryEscape(`"tx.height=1"`) + "&page=1000":                {http.StatusInternalServerError, "at most 1000"},
		} {
			code, body, err := ask(t.Context(), url)
			require.NoError(t, err)
			require.Equal(t, want.code, code, "%s: %s", url, body)
			require.Contains(t, body, want.text, url)
		}
	})
}

// send signs a transfer.
func send(t *testing.T, from account, sequence uint64, to account, utop uint64) []byte {
	t.Helper()
	key, err := lattice.NewKey(lattice.Secp256k1, from.key.PubKey().Bytes())
	require.NoError(t, err)
	tx := sendtx.New(lattice.Transfer{To: to.address, Key: key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}}, "")
	signature, err := from.key.Sign(tx.SignBytes(latticetypes.Network))
	require.NoError(t, err)
	return tx.Signed(signature)
}
