package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/protocol/lattice"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// halves of the accounts, and the chain that names them.
var halves = [2]string{"top-z0.s0-1", "top-z1.s1-1"}

const mainID = "top-main-1"

// exports of a network of two shards that has coins on their way, before they are written into files.
type exports struct {
	main      genutiltypes.AppGenesis
	zones     zonestypes.GenesisState
	shards    shardstypes.GenesisState
	gate      gatetypes.GenesisState
	billing   billingtypes.GenesisState
	documents [2]genutiltypes.AppGenesis
	lattices  [2]*latticetypes.GenesisState
	lights    [2]*lighttypes.GenesisState
}

func newExports() *exports {
	e := &exports{billing: billingtypes.GenesisState{EpochBlocks: 40}}
	e.main = genutiltypes.AppGenesis{ChainID: mainID, InitialHeight: 90, GenesisTime: time.Unix(1_800_000_000, 0), Consensus: &genutiltypes.ConsensusGenesis{Params: base.ConsensusParams()}}
	table := zonestypes.RoutingTable{Version: 1, ZoneBits: 1}
	for i, name := range halves {
		table.Routes = append(table.Routes, zonestypes.Route{PrefixBits: uint32(i), PrefixLen: 1, Name: name})
		key := ed25519.GenPrivKeyFromSecret([]byte(name)).PubKey()
		set := cmttypes.NewValidatorSet([]*cmttypes.Validator{cmttypes.NewValidator(key, 10)})
		e.shards.Shards = append(e.shards.Shards, shardstypes.Shard{Name: name, Zone: uint32(i), Status: shardstypes.Status_STATUS_ACTIVE, Term: 2})
		e.shards.Committees = append(e.shards.Committees, shardstypes.Committee{Shard: name, Term: 1, FirstHeight: 1, ValidatorsHash: []byte{1}}, shardstypes.Committee{Shard: name, Term: 2, ValidatorsHash: set.Hash()})
		e.shards.Anchors = append(e.shards.Anchors, shardstypes.Anchor{Shard: name, Height: 60, Term: 1, NextTerm: 1})
		e.documents[i] = genutiltypes.AppGenesis{ChainID: name, InitialHeight: 72, GenesisTime: time.Unix(1_800_000_000, 0), Consensus: &genutiltypes.ConsensusGenesis{
			Params: base.ConsensusParams(), Validators: []cmttypes.GenesisValidator{{Address: key.Address(), PubKey: key, Power: 10}},
		}}
		gs := latticetypes.DefaultGenesisState()
		gs.Shard.PrefixBits, gs.Shard.PrefixLen, gs.Term = uint32(i), 1, 2
		gs.Inherited = &latticetypes.Inherited{Root: make([]byte, lattice.HashSize)}
		gs.Outboxes = []latticetypes.NamedOutbox{{Destination: halves[1-i], Outbox: latticetypes.Outbox{Sent: latticetypes.Cursor{Height: 65}}}}
		gs.Inboxes = []latticetypes.NamedInbox{{Source: halves[1-i], Inbox: latticetypes.Inbox{Taken: latticetypes.Cursor{Height: 64}}}, {Source: mainID, Inbox: latticetypes.Inbox{Taken: latticetypes.Cursor{Height: 80}}}}
		e.lattices[i] = gs
		light := lighttypes.DefaultGenesisState()
		light.Params.MainChainId = mainID
		light.Headers = []lighttypes.Header{{Height: 85}}
		e.lights[i] = light
		e.gate.Inboxes = append(e.gate.Inboxes, latticetypes.NamedInbox{Source: name})
		e.gate.Outboxes = append(e.gate.Outboxes, latticetypes.NamedOutbox{Destination: name, Outbox: latticetypes.Outbox{Sent: latticetypes.Cursor{Height: 88}}})
	}
	e.zones.Tables = []zonestypes.RoutingTable{table}
	return e
}

// join what is written into a folder.
func (e *exports) join(t *testing.T, dir string) (*refounding, error) {
	t.Helper()
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	state := func(parts map[string]proto.Message) json.RawMessage {
		out := map[string]json.RawMessage{}
		for name, part := range parts {
			bz, err := cdc.MarshalJSON(part)
			require.NoError(t, err)
			out[name] = bz
		}
		bz, err := json.Marshal(out)
		require.NoError(t, err)
		return bz
	}
	e.main.AppState = state(map[string]proto.Message{zonestypes.ModuleName: &e.zones, shardstypes.ModuleName: &e.shards, gatetypes.ModuleName: &e.gate, billingtypes.ModuleName: &e.billing})
	for i := range e.documents {
		doc := &e.documents[i]
		doc.AppState = state(map[string]proto.Message{latticetypes.ModuleName: e.lattices[i], lighttypes.ModuleName: e.lights[i]})
		require.NoError(t, doc.SaveAs(filepath.Join(dir, halves[i]+".json")))
		require.NoError(t, os.WriteFile(filepath.Join(dir, halves[i]+".accounts"), nil, 0o600))
	}
	r := &refounding{main: &e.main, dir: dir}
	_, err := r.run()
	return r, err
}

// Exports that fit become one network: the main chain's genesis has what its shards begin with, and leaves a height out.
func TestRefounding(t *testing.T) {
	e := newExports()
	r, err := e.join(t, t.TempDir())
	require.NoError(t, err)
	require.EqualValues(t, 91, r.main.InitialHeight)
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(r.main.AppState, &state))
	var shards shardstypes.GenesisState
	require.NoError(t, codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).UnmarshalJSON(state[shardstypes.ModuleName], &shards))
	for i := range halves {
		require.Equal(t, make([]byte, lattice.HashSize), shards.Shards[i].GenesisRoot)
		require.EqualValues(t, 2, shards.Anchors[i].NextTerm)
		require.EqualValues(t, 72, shards.Committees[2*i+1].FirstHeight)
	}

	for name, c := range map[string]struct {
		change func(*exports)
		says   string
	}{
		"a shard that splits":                 {func(e *exports) { e.shards.Shards[1].Status = shardstypes.Status_STATUS_SPLITTING }, "STATUS_SPLITTING"},
		"a shard that nobody recorded":        {func(e *exports) { e.shards.Shards[1].Name = "top-z1.s1-2" }, "nothing of it"},
		"a shard that settles":                {func(e *exports) { e.lattices[1].Settlements = []latticetypes.Settlement{{Parent: "top-z1.s1-0"}} }, "settled what it took over from top-z1.s1-0"},
		"a shard that has ended":              {func(e *exports) { e.lattices[1].FinalHeight = 70 }, "has ended"},
		"what a shard began with":             {func(e *exports) { e.lattices[1].Inherited = nil }, "not written by `shard export`"},
		"another chain's file":                {func(e *exports) { e.documents[1].ChainID = halves[0] }, `is of "top-z0.s0-1"`},
		"accounts that are others":            {func(e *exports) { e.lattices[1].Inherited.Root = bytes.Repeat([]byte{1}, lattice.HashSize) }, "belongs to another genesis"},
		"a committee that nobody drew":        {func(e *exports) { e.shards.Committees[3].ValidatorsHash = []byte{2} }, "not the committee of term 2"},
		"a committee whose shard nobody saw":  {func(e *exports) { e.shards.Anchors = e.shards.Anchors[:1] }, "none of them is anchored"},
		"a shard of another main chain":       {func(e *exports) { e.lights[1].Params.MainChainId = "top-main-2" }, `its main chain is "top-main-2"`},
		"a main chain of an earlier time":     {func(e *exports) { e.lights[1].Headers[0].Height = 90 }, "export the main chain at its last block"},
		"a shard of an earlier time":          {func(e *exports) { e.shards.Anchors[1].Height = 71 }, "its export ends with 70"},
		"a source of an earlier time":         {func(e *exports) { e.lattices[0].Inboxes[0].Inbox.Taken.Height = 66 }, "has sent 65 at most: export top-z1.s1-1"},
		"more taken than the main chain sent": {func(e *exports) { e.lattices[0].Inboxes[1].Inbox.Taken.Height = 89 }, "export top-main-1"},
		"more taken by the main chain":        {func(e *exports) { e.gate.Inboxes[0].Inbox.Taken.Height = 1 }, "top-main-1 has taken batch 1"},
		"an epoch's first height":             {func(e *exports) { e.main.InitialHeight = 121 }, "begins an epoch"},
		"a main chain without shards":         {func(e *exports) { e.zones.Tables = nil }, "has no shards"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExports()
			c.change(e)
			_, err := e.join(t, t.TempDir())
			require.ErrorContains(t, err, c.says)
		})
	}
	dir := t.TempDir()
	_, err = newExports().join(t, dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, halves[1]+".json")))
	_, err = (&refounding{main: r.main, dir: dir}).run()
	require.ErrorIs(t, err, ErrExports)
	require.ErrorContains(t, err, "every shard of the routing table must be exported")
}
