//go:build process

package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/reimport"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// client is the light client by which the chain knows the other.
func (s side) client() string {
	if s.Kind == "main" {
		return net.Clients.Main
	}
	return net.Clients.Service
}

// undelivered are the sequences of packets that the chain has sent and not seen acknowledged or timed out.
func (s side) undelivered(ctx context.Context) ([]uint64, error) {
	type commitment struct {
		Sequence amount `json:"sequence"`
	}
	list, err := localnet.All[commitment](ctx, s.REST(), "/ibc/core/channel/v2/clients/"+s.client()+"/packet_commitments", "commitments")
	out := make([]uint64, len(list))
	for i, c := range list {
		out[i] = uint64(c.Sequence)
	}
	return out, err
}

// openClaims of all providers: neither settled nor forfeited.
func openClaims(ctx context.Context) (int, error) {
	open := 0
	for _, p := range net.Providers {
		type claim struct {
			Status string `json:"status"`
		}
		claims, err := localnet.All[claim](ctx, net.Service.REST(), "/top/usage/v1/claims/"+p.Address, "claims")
		if err != nil {
			return 0, err
		}
		for _, c := range claims {
			if c.Status != "CLAIM_STATUS_SETTLED" && c.Status != "CLAIM_STATUS_FORFEITED" {
				open++
			}
		}
	}
	return open, nil
}

// tries to catch a packet: the relayer is as quick as it can, so that several epochs may pass before one stays under way.
const tries = 8

// stopRelayerInFlight waits for a packet of the service chain, kills the relayer and tells whether the packet is still under way.
func stopRelayerInFlight(t *testing.T) bool {
	t.Helper()
	service := sides()[1]
	await(t, "a packet of the service chain", func(ctx context.Context) error {
		sent, err := service.undelivered(ctx)
		if err == nil && len(sent) == 0 {
			err = errors.New("none is under way")
		}
		return err
	})
	require.NoError(t, net.Kill(localnet.RelayerName))
	// What the relayer had submitted is in a block within two.
	awaitHeight(t, net.Service.Nodes[0], height(t, net.Service.Nodes[0])+2)
	sent, err := service.undelivered(t.Context())
	require.NoError(t, err)
	logf("relayer killed: packets %v of %s under way", sent, service.ID)
	return len(sent) > 0
}

// startRelayer and wait until nothing is left of what it has missed: without a relayer the service chain's epoch stands still, and what is used in an epoch cannot be claimed for ever.
func startRelayer(t *testing.T) {
	t.Helper()
	_, err := net.Restart(localnet.RelayerName)
	require.NoError(t, err)
	await(t, "the relayer to catch up", func(ctx context.Context) error {
		for _, s := range sides() {
			sent, err := s.undelivered(ctx)
			if err == nil && len(sent) > 0 {
				err = fmt.Errorf("packets %v of %s are under way", sent, s.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, net.Process(localnet.RelayerName))
}

// claimsOpenSoon tells whether a claim is open within a number of the service chain's blocks: providers claim an epoch shortly after its end.
func claimsOpenSoon(t *testing.T, blocks int64) bool {
	t.Helper()
	last, found := height(t, net.Service.Nodes[0])+blocks, false
	await(t, "an open claim", func(ctx context.Context) error {
		open, err := openClaims(ctx)
		if err != nil {
			return err
		}
		s, err := net.Service.Nodes[0].Status(ctx)
		if found = open > 0; err == nil && !found && s.Height < last {
			err = errors.New("every claim is settled")
		}
		return err
	})
	return found
}

// stopRelayerWithClaims leaves the network without a relayer, with a packet of the service chain under way and a claim open. The release of an owner's credit
// is what makes the service chain send at the very beginning of an epoch, before the claims of the last.
func stopRelayerWithClaims(t *testing.T, owner int) {
	t.Helper()
	openCreditLine(t, owner)
	key, err := chain.FromMnemonic(net.Users[owner].Mnemonic)
	require.NoError(t, err)
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Service.Nodes[0].GRPC})
	require.NoError(t, err)
	defer client.Close()
	await(t, "credit on the service chain", func(ctx context.Context) error {
		var credit map[string]any
		return net.Service.REST().Get(ctx, "/top/usage/v1/credits/"+key.Address(), &credit)
	})
	// Only from the first claim on is there something that a settlement may miss.
	require.True(t, claimsOpenSoon(t, firstClaimBlocks), "the users' first usage is claimed")
	for range tries {
		_, err := client.Send(t.Context(), key, &usagetypes.MsgRelease{Owner: key.Address(), Amount: 1_000})
		require.NoError(t, err)
		if stopRelayerInFlight(t) && claimsOpenSoon(t, 30) {
			return
		}
		startRelayer(t)
	}
	require.Fail(t, "no claim missed a settlement under way", "%d tries", tries)
}

// firstClaimBlocks is how many of the service chain's blocks may pass until users who are starting have used something and its epoch is claimed.
const firstClaimBlocks = 300

// creditDeposit is what openCreditLine deposits, in utop.
const creditDeposit = 1_000_000

// openCreditLine sends a credit packet from the main chain.
func openCreditLine(t *testing.T, user int) {
	t.Helper()
	c, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	defer c.Close()
	key, err := chain.FromMnemonic(net.Users[user].Mnemonic)
	require.NoError(t, err)
	_, err = c.Send(t.Context(), key, &billingtypes.MsgDeposit{Owner: key.Address(), Amount: creditDeposit},
		&billingtypes.MsgOpenCreditLine{Owner: key.Address(), ChainId: net.Service.ID, Amount: creditDeposit / 2})
	require.NoError(t, err)
}

// reimport takes the chain's state to another home and back.
func (s side) reimport() reimport.Chain {
	c := reimport.Chain{ID: s.ID, Kind: s.Kind, Program: s.old(), Logs: filepath.Join(net.Dir, "logs"), New: func(o base.Options, load bool) *base.App { return servicechain.New(o, load).App }}
	if s.Kind == "main" {
		c.New = func(o base.Options, load bool) *base.App { return mainchain.New(o, load).App }
	}
	return c
}

// A chain's state with claims open and packets under way survives export, validation, import and export again, byte by byte.
func TestExportImportExportIsEqual(t *testing.T) {
	writing := converse(t, 0, 400)
	stopRelayerWithClaims(t, 8)
	openCreditLine(t, 9)
	claims, err := openClaims(t.Context())
	require.NoError(t, err)
	require.NotZero(t, claims)
	for _, s := range sides() {
		sent, err := s.undelivered(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, sent, "packets of %s under way", s.ID)
		// The last node stops; the others go on without it.
		node := s.Nodes[3]
		awaitHeight(t, node, height(t, s.Nodes[0]))
		require.NoError(t, net.Process(node.Name).Stop(30*time.Second))
		t.Run(s.Kind, func(t *testing.T) { s.roundTrip(t, node.Home, sent) })
		_, err = net.Restart(node.Name)
		require.NoError(t, err)
	}
	startRelayer(t)
	require.NoError(t, <-writing)
	for _, s := range sides() {
		sameState(t, s.Nodes[3], s.Nodes[0])
		s.booksHold(t, s.Nodes[3])
	}
}

func (s side) roundTrip(t *testing.T, home string, sent []uint64) {
	genesis, imported := s.reimport().RoundTrip(t, home)
	require.Equal(t, s.sentIn(t, genesis), sent, "packets under way are in the export")
	s.sameStores(t, home, imported)
}

// sentIn are the sequences of the packet commitments in a genesis.
func (s side) sentIn(t *testing.T, fields map[string]json.RawMessage) []uint64 {
	t.Helper()
	var state struct {
		IBC struct {
			Channel struct {
				Commitments []struct {
					Client   string `json:"client_id"`
					Sequence amount `json:"sequence"`
				} `json:"commitments"`
			} `json:"channel_v2_genesis"`
		} `json:"ibc"`
	}
	require.NoError(t, json.Unmarshal(fields["app_state"], &state))
	var out []uint64
	for _, c := range state.IBC.Channel.Commitments {
		require.Equal(t, s.client(), c.Client)
		out = append(out, uint64(c.Sequence))
	}
	return out
}

// notExported tells which records an export leaves out, all of the SDK's own: x/staking's headers of past blocks, which were for IBC's old connection
// handshake, and its validator updates of the last block; x/slashing's bitmaps without a missed block. An imported chain writes them anew as it goes on.
func notExported(store, key, value string) bool {
	switch store {
	case stakingtypes.StoreKey:
		return strings.HasPrefix(key, string(stakingtypes.HistoricalInfoKey)) || strings.HasPrefix(key, string(stakingtypes.ValidatorUpdatesKey))
	case slashingtypes.StoreKey:
		// A bitmap is its length, 8 bytes, and its words.
		const length = 8
		return strings.HasPrefix(key, string(slashingtypes.ValidatorMissedBlockBitmapKeyPrefix)) && strings.Trim(value[length:], "\x00") == ""
	default:
		return false
	}
}

// sameStores compares the databases themselves, key by key: equal exports would not show what no export mentions, such as a queue that is rebuilt or a
// client's creator.
func (s side) sameStores(t *testing.T, home, imported string) {
	t.Helper()
	before, after := s.stores(t, home), s.stores(t, imported)
	for name, was := range before {
		maps.DeleteFunc(was, func(key, value string) bool { return notExported(name, key, value) })
	}
	require.Equal(t, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	records := 0
	for name, was := range before {
		records += len(was)
		for key, value := range was {
			again, ok := after[name][key]
			require.True(t, ok, "store %s lost key %x (%q)", name, key, key)
			require.Equal(t, value, again, "store %s, key %x (%q)", name, key, key)
		}
		for key := range after[name] {
			require.Contains(t, was, key, "store %s has a new key %x", name, key)
		}
	}
	require.NotZero(t, records)
	logf("%s: %d records of %d stores are the same after export and import", s.ID, records, len(before))
}

// stores of a home: name → key → value.
func (s side) stores(t *testing.T, home string) map[string]map[string]string {
	t.Helper()
	app, db := s.reimport().Open(t, home)
	defer db.Close()
	named, ok := app.CommitMultiStore().(interface {
		StoreKeysByName() map[string]storetypes.StoreKey
	})
	require.True(t, ok)
	out := map[string]map[string]string{}
	for name, key := range named.StoreKeysByName() {
		out[name] = map[string]string{}
		it := app.CommitMultiStore().GetKVStore(key).Iterator(nil, nil)
		for ; it.Valid(); it.Next() {
			out[name][string(it.Key())] = string(it.Value())
		}
		require.NoError(t, it.Close())
	}
	return out
}
