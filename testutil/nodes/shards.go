package nodes

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/trie"
	shardskeeper "github.com/topnetwork/top/x/shards/keeper"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// FoundShards begins a routing table and the shards that it names, as a genesis does, before the first block or after it.
func (n *Network) FoundShards(t testing.TB, zoneBits uint32, table string, params shardstypes.Params) {
	t.Helper()
	routes, err := trie.Parse(table)
	require.NoError(t, err)
	zones := zonestypes.DefaultGenesisState()
	zones.Tables = []zonestypes.RoutingTable{{Version: 1, ZoneBits: zoneBits, Routes: zonestypes.RoutesOf(routes)}}
	require.NoError(t, n.Zones.InitGenesis(n.Ctx, zones))
	shards := shardstypes.DefaultGenesisState()
	shards.Params = params
	require.NoError(t, n.Shards.InitGenesis(n.Ctx, shards))
}

// checkShards holds the invariants of shards, where there are parameters.
func (n *Network) checkShards(t require.TestingT) {
	require.NoError(t, n.Zones.Invariants(n.Ctx))
	if _, err := n.Zones.Table(n.Ctx); err == nil {
		require.NoError(t, n.Shards.Invariants(n.Ctx))
	}
}

// ConsensusKey of a name.
func ConsensusKey(name string) *ed25519.PrivKey { return consensusKey(name) }

// Name of an operator among the network's; empty for a stranger.
func (n *Network) Name(operator string) string {
	for _, name := range n.names {
		if Operator(name) == operator {
			return name
		}
	}
	return ""
}

// Slashed tells whether a name was slashed, and from which height on what had left it counts.
func (n *Network) Slashed(name string) (int64, bool) {
	height, slashed := n.Staking.slashed[string(ConsAddress(name))]
	return height, slashed
}

// SlashFractionDoubleSign is a twentieth.
func (s *Staking) SlashFractionDoubleSign(context.Context) (math.LegacyDec, error) {
	return math.LegacyNewDecWithPrec(5, 2), nil
}

// SlashWithInfractionReason notes it; a second time would be a fault. Fines of members of shards go to their module.
func (s *Staking) SlashWithInfractionReason(ctx context.Context, addr sdk.ConsAddress, fraction math.LegacyDec, _, height int64, _ stakingtypes.Infraction) error {
	if _, twice := s.slashed[string(addr)]; twice {
		return stakingtypes.ErrValidatorJailed.Wrap(hex.EncodeToString(addr) + " was slashed before")
	}
	s.slashed[string(addr)] = height
	if !shardskeeper.Fines(ctx) {
		return nil
	}
	v, err := s.GetValidatorByConsAddr(ctx, addr)
	if err != nil {
		return err
	}
	s.bank.add(shardstypes.ModuleName, fraction.MulInt(v.Tokens).TruncateInt())
	return nil
}

// Jail a validator; its bond ends.
func (s *Staking) Jail(ctx context.Context, addr sdk.ConsAddress) error {
	v, err := s.GetValidatorByConsAddr(ctx, addr)
	if err != nil {
		return err
	}
	operator, err := sdk.ValAddressFromBech32(v.GetOperator())
	if err != nil {
		return err
	}
	jailed := s.validators[sdk.AccAddress(operator).String()]
	jailed.Jailed, jailed.Status = true, stakingtypes.Unbonding
	return nil
}

// JailUntil a time; here nobody is unjailed by it.
func (s *Staking) JailUntil(context.Context, sdk.ConsAddress, time.Time) error { return nil }

// Tombstone a validator for good.
func (s *Staking) Tombstone(_ context.Context, addr sdk.ConsAddress) error {
	s.tombstoned[string(addr)] = true
	return nil
}
