package localnet

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	gatetypes "github.com/topnetwork/top/x/gate/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// found writes into the main chain's genesis what its founders may agree on and `testnet init-files` does not ask for: the bound of what is taken unaudited, how long a shard may stand still, and who sits where first.
func (n *Network) found() error {
	s := n.cfg.Shards
	if s.Unaudited == 0 && s.StallEpochs == 0 && len(s.Seats) == 0 {
		return nil
	}
	doc, err := genutiltypes.AppGenesisFromFile(filepath.Join(n.Main.Nodes[0].Home, "config", "genesis.json"))
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(doc.AppState, &state); err != nil {
		return err
	}
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	var gate gatetypes.GenesisState
	if err := cdc.UnmarshalJSON(state[gatetypes.ModuleName], &gate); err != nil {
		return err
	}
	gate.Params.UnauditedUtop = s.Unaudited
	if state[gatetypes.ModuleName], err = cdc.MarshalJSON(&gate); err != nil {
		return err
	}
	var shards shardstypes.GenesisState
	if err := cdc.UnmarshalJSON(state[shardstypes.ModuleName], &shards); err != nil {
		return err
	}
	shards.Params.StallEpochs = uint32(s.StallEpochs)
	if err := n.seat(&shards); err != nil {
		return err
	}
	if state[shardstypes.ModuleName], err = cdc.MarshalJSON(&shards); err != nil {
		return err
	}
	if doc.AppState, err = json.Marshal(state); err != nil {
		return err
	}
	for _, node := range n.Main.Nodes {
		if err := doc.SaveAs(filepath.Join(node.Home, "config", "genesis.json")); err != nil {
			return err
		}
	}
	return nil
}

// seat the first members of shards and the first auditors of their zones.
func (n *Network) seat(gs *shardstypes.GenesisState) error {
	for _, name := range slices.Sorted(maps.Keys(n.cfg.Shards.Seats)) {
		members, err := n.sitting(n.cfg.Shards.Seats[name])
		if err != nil {
			return fmt.Errorf("members of %s: %w", name, err)
		}
		gs.Committees = append(gs.Committees, shardstypes.Committee{
			Shard: name, Term: 1, Members: members, Standbys: []string{}, ValidatorsHash: shardstypes.SetOf(members).Hash(), FirstHeight: 1, Seats: uint32(len(members)),
		})
	}
	for zone, hosts := range n.cfg.Shards.Audits {
		members, err := n.sitting(hosts)
		if err != nil {
			return fmt.Errorf("auditors of zone %d: %w", zone, err)
		}
		gs.Auditors = append(gs.Auditors, shardstypes.Auditors{Zone: uint32(zone), Members: members})
	}
	return nil
}

// sitting hosts, by their numbers.
func (n *Network) sitting(hosts []int) (members []shardstypes.Member, err error) {
	for _, i := range hosts {
		bz, err := os.ReadFile(filepath.Join(n.Main.Nodes[i].Home, "config", "priv_validator_key.json"))
		if err != nil {
			return nil, err
		}
		var key privval.FilePVKey
		if err := cmtjson.Unmarshal(bz, &key); err != nil {
			return nil, err
		}
		members = append(members, shardstypes.Member{Operator: n.Operators()[i], PubKey: key.PubKey.Bytes(), Power: shardstypes.Power})
	}
	shardstypes.SortMembers(members)
	return members, nil
}

// Operators of the main chain's validators, in the order of its nodes.
func (n *Network) Operators() (list []string) {
	for _, v := range n.validators {
		list = append(list, v.Address)
	}
	return list
}
