package mainchain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/testutil/inprocess"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	stakekeeper "github.com/topnetwork/top/x/stake/keeper"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// What governance proposes in three modules, with changes.
type proposals struct {
	e *engine
	t *testing.T
}

func (p proposals) staking(change func(*stakingtypes.Params)) sdk.Msg {
	p.t.Helper()
	params, err := p.e.App.Staking.GetParams(p.e.Context())
	require.NoError(p.t, err)
	change(&params)
	return &stakingtypes.MsgUpdateParams{Authority: p.e.App.Authority, Params: params}
}

func (p proposals) consensus(change func(*consensustypes.MsgUpdateParams)) sdk.Msg {
	p.t.Helper()
	now, err := p.e.App.Consensus.ParamsStore.Get(p.e.Context())
	require.NoError(p.t, err)
	m := &consensustypes.MsgUpdateParams{Authority: p.e.App.Authority, Block: now.Block, Evidence: now.Evidence, Validator: now.Validator}
	change(m)
	return m
}

func (p proposals) unbonding(d time.Duration) sdk.Msg {
	return p.staking(func(s *stakingtypes.Params) { s.UnbondingTime = d })
}

func (p proposals) evidence(d time.Duration) sdk.Msg {
	return p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Evidence.MaxAgeDuration = d })
}

func (p proposals) candidates(n uint32) sdk.Msg {
	return p.staking(func(s *stakingtypes.Params) { s.MaxValidators = n })
}

func (p proposals) seats(members uint32) sdk.Msg {
	p.t.Helper()
	sizes, _, err := p.e.App.Sortition.Sizes(p.e.Context())
	require.NoError(p.t, err)
	sizes.MaxMembers = members
	return &sortitiontypes.MsgUpdateParams{Authority: p.e.App.Authority, Params: sizes}
}

func (p proposals) deposit(utop uint64) sdk.Msg {
	p.t.Helper()
	res, err := stakekeeper.NewQueryServer(p.e.App.Stake).Params(p.e.Context(), &staketypes.QueryParamsRequest{})
	require.NoError(p.t, err)
	res.Params.Roles[0].MinDeposit = utop
	return &staketypes.MsgUpdateParams{Authority: p.e.App.Authority, Params: res.Params}
}

// What committees, light clients and evidence rely on, governance does not take from them: such a proposal is refused when it is submitted, and would be when it is executed.
func TestGovernanceKeepsCommitteesAccountable(t *testing.T) {
	e := begin(t, unbonding)
	p := proposals{e, t}
	const day = 24 * time.Hour
	deposit := sdk.NewCoins(sdk.NewInt64Coin(base.Denom, 100_000))
	for name, c := range map[string]struct {
		msgs []sdk.Msg
		want string
	}{
		"stake that leaves before clients forget":   {[]sdk.Msg{p.unbonding(unbonding - 1)}, "unbonding_time is 503h59m59.999999999s"},
		"stake that outlasts evidence":              {[]sdk.Msg{p.unbonding(unbonding + 1)}, "evidence counts for 504h0m0s"},
		"both longer, stake first":                  {[]sdk.Msg{p.unbonding(42 * day), p.evidence(42 * day)}, "raise consensus evidence.max_age_duration before"},
		"both longer":                               {[]sdk.Msg{p.evidence(42 * day), p.unbonding(42 * day)}, ""},
		"both longer and back":                      {[]sdk.Msg{p.evidence(42 * day), p.unbonding(42 * day), p.unbonding(unbonding), p.evidence(unbonding)}, ""},
		"evidence that is forgotten":                {[]sdk.Msg{p.evidence(unbonding - 1)}, "evidence.max_age_duration is 503h59m59.999999999s"},
		"evidence alone":                            {[]sdk.Msg{p.evidence(42 * day)}, ""},
		"sets of every block":                       {[]sdk.Msg{p.staking(func(s *stakingtypes.Params) { s.HistoricalEntries = 1 })}, "historical_entries is 1"},
		"another coin":                              {[]sdk.Msg{p.staking(func(s *stakingtypes.Params) { s.BondDenom = "stake" })}, `bond_denom is "stake"`},
		"fewer candidates than places":              {[]sdk.Msg{p.candidates(6)}, "max_validators is 6"},
		"more candidates than stake can be summed":  {[]sdk.Msg{p.candidates(10_001)}, "to 10000"},
		"more places than candidates":               {[]sdk.Msg{p.seats(1_000)}, "max_validators is 1000"},
		"more places and more candidates":           {[]sdk.Msg{p.candidates(2_000), p.seats(600)}, ""},
		"a committee whose commits fill a block":    {[]sdk.Msg{p.candidates(2_000), p.seats(1_000)}, "block.max_bytes is 4194304"},
		"fewer places, fewer candidates than bonds": {[]sdk.Msg{p.seats(1), p.candidates(5)}, "max_validators is 5"},
		"a deposit that no member has":              {[]sdk.Msg{p.deposit(stake + 1)}, "members would lose their seats at once"},
		"a deposit that every member has":           {[]sdk.Msg{p.deposit(stake)}, ""},
		"vote extensions": {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) {
			m.Abci = &cmtproto.ABCIParams{VoteExtensionsEnableHeight: 100}
		})}, "vote_extensions_enable_height is 100"},
		"keys of another kind": {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) {
			m.Validator = &cmtproto.ValidatorParams{PubKeyTypes: []string{"secp256k1"}}
		})}, "pub_key_types"},
		"another authority": {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) {
			m.Auth = &cmtproto.AuthorityParams{Authority: inprocess.Account("a").String()}
		})}, "auth.authority"},
		"blocks without gas":          {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Block.MaxGas = 1 })}, "block.max_gas is 1"},
		"blocks without room":         {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Block.MaxBytes = 1 })}, "block.max_bytes is 1"},
		"evidence in no block":        {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Evidence.MaxBytes = 0 })}, "evidence.max_bytes is 0"},
		"evidence that fills a block": {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Evidence.MaxBytes = 4 << 20 })}, "block.max_bytes is 4194304"},
		"blocks of any gas":           {[]sdk.Msg{p.consensus(func(m *consensustypes.MsgUpdateParams) { m.Block.MaxGas = -1 })}, "block.max_gas is -1"},
		"what there is":               {[]sdk.Msg{p.unbonding(unbonding), p.evidence(unbonding), p.seats(seats)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			submit, err := govv1.NewMsgSubmitProposal(c.msgs, deposit, inprocess.Account("a").String(), "", "change", "change", false)
			require.NoError(t, err)
			res := e.block(t, e.Sign(t, inprocess.Tx{Messages: []sdk.Msg{submit}, Signer: inprocess.Key("a")})).TxResults[0]
			execute := func() (err error) {
				ctx, _ := e.Context().CacheContext()
				for _, msg := range c.msgs {
					if _, err = e.App.Gov.Router().Handler(msg)(ctx, msg); err != nil {
						return err
					}
				}
				return nil
			}
			if c.want == "" {
				require.Zero(t, res.Code, res.Log)
				require.NoError(t, execute())
				return
			}
			require.NotZero(t, res.Code)
			require.Contains(t, res.Log, c.want)
			require.ErrorContains(t, execute(), c.want)
		})
	}
}

// The same holds for a genesis.
func TestGenesisKeepsCommitteesAccountable(t *testing.T) {
	for want, change := range map[string]func(*stakingtypes.Params, *sortitiontypes.GenesisState){
		"max_validators is 10": func(s *stakingtypes.Params, _ *sortitiontypes.GenesisState) { s.MaxValidators = 10 },
		"historical_entries":   func(s *stakingtypes.Params, _ *sortitiontypes.GenesisState) { s.HistoricalEntries = 10_000 },
		"a commit of 1200 members": func(s *stakingtypes.Params, g *sortitiontypes.GenesisState) {
			s.MaxValidators, g.Params.MaxMembers = 2_000, 1_200
		},
		"stake unbonds for 528h0": func(s *stakingtypes.Params, _ *sortitiontypes.GenesisState) { s.UnbondingTime = 22 * 24 * time.Hour },
		"unbonding_time is 24h0": func(s *stakingtypes.Params, g *sortitiontypes.GenesisState) {
			s.UnbondingTime = 24 * time.Hour
			g.Devnet = false
			g.Params = sortitiontypes.DefaultParams()
		},
	} {
		c := inprocess.Unborn()
		state := c.Genesis(t, "ann")
		var staking stakingtypes.GenesisState
		var sortition sortitiontypes.GenesisState
		c.App.Codec.MustUnmarshalJSON(state[stakingtypes.ModuleName], &staking)
		c.App.Codec.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &sortition)
		require.Equal(t, base.EvidenceAge, staking.Params.UnbondingTime)
		change(&staking.Params, &sortition)
		state[stakingtypes.ModuleName] = c.App.Codec.MustMarshalJSON(&staking)
		state[sortitiontypes.ModuleName] = c.App.Codec.MustMarshalJSON(&sortition)
		bz, err := json.Marshal(state)
		require.NoError(t, err)
		require.ErrorContains(t, c.InitChain(bz), want)
	}
}

// So it does for consensus parameters, which stand outside app_state: what would stop the chain later does not begin.
func TestGenesisWithConsensusParamsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*cmtproto.ConsensusParams)
		want   string
	}{
		"the usual":            {func(*cmtproto.ConsensusParams) {}, ""},
		"vote extensions":      {func(p *cmtproto.ConsensusParams) { p.Abci.VoteExtensionsEnableHeight = 100 }, "vote_extensions_enable_height is 100"},
		"keys of another kind": {func(p *cmtproto.ConsensusParams) { p.Validator.PubKeyTypes = []string{"secp256k1"} }, `pub_key_types is ["secp256k1"]`},
		"keys of two kinds": {func(p *cmtproto.ConsensusParams) {
			p.Validator.PubKeyTypes = append(p.Validator.PubKeyTypes, "secp256k1")
		}, "pub_key_types"},
		"no kind of keys": {func(p *cmtproto.ConsensusParams) { p.Validator = nil }, "pub_key_types is []"},
		"another authority": {func(p *cmtproto.ConsensusParams) {
			p.Authority = &cmtproto.AuthorityParams{Authority: inprocess.Account("ann").String()}
		}, "auth.authority"},
		"blocks of any size":         {func(p *cmtproto.ConsensusParams) { p.Block.MaxBytes = -1 }, "block.max_bytes is -1"},
		"blocks of any gas":          {func(p *cmtproto.ConsensusParams) { p.Block.MaxGas = -1 }, "block.max_gas is -1"},
		"evidence in no block":       {func(p *cmtproto.ConsensusParams) { p.Evidence.MaxBytes = 0 }, "evidence.max_bytes is 0"},
		"evidence that fills blocks": {func(p *cmtproto.ConsensusParams) { p.Evidence.MaxBytes = p.Block.MaxBytes }, "transactions need room"},
		"blocks that evidence fills": {func(p *cmtproto.ConsensusParams) { p.Block.MaxBytes = p.Evidence.MaxBytes }, "transactions need room"},
		"evidence that is forgotten": {func(p *cmtproto.ConsensusParams) { p.Evidence.MaxAgeDuration-- }, "evidence counts for 503h59m59.999999999s"},
		"no limits at all":           {func(p *cmtproto.ConsensusParams) { p.Block, p.Evidence = nil, nil }, "evidence counts for 0s"},
		"no limits of blocks":        {func(p *cmtproto.ConsensusParams) { p.Block = nil }, "parameters of blocks and evidence are missing"},
	} {
		t.Run(name, func(t *testing.T) {
			chain := inprocess.Unborn()
			state, err := json.Marshal(chain.Genesis(t, "ann"))
			require.NoError(t, err)
			params := base.ConsensusParams().ToProto()
			c.change(&params)
			_, err = chain.App.InitChain(&abci.RequestInitChain{ChainId: inprocess.ChainID, Time: chain.Time, ConsensusParams: &params, AppStateBytes: state, InitialHeight: 1})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// A committee that is elected and does not sit yet needs its room in blocks, also where it is larger than the one that sits and than those which are elected from now on.
func TestElectedCommitteesNeedRoom(t *testing.T) {
	e := begin(t, unbonding)
	p := proposals{e, t}
	room := func(members int) sdk.Msg {
		return p.consensus(func(m *consensustypes.MsgUpdateParams) {
			m.Block.MaxBytes = cmttypes.MaxOverheadForBlock + cmttypes.MaxHeaderBytes + cmttypes.MaxCommitBytes(members) + m.Evidence.MaxBytes + 1<<20
		})
	}
	ctx, _ := e.Context().CacheContext()
	execute := func(msg sdk.Msg) error {
		attempt, _ := ctx.CacheContext()
		_, err := e.App.Gov.Router().Handler(msg)(attempt, msg)
		return err
	}
	require.NoError(t, execute(room(seats)))
	require.ErrorContains(t, execute(room(seats-1)), "a commit of 4 members")

	elections := collections.NewMap(collections.NewSchemaBuilder(e.App.Store(sortitiontypes.StoreKey)), sortitiontypes.ElectionsKey, "elections", collections.Uint64Key,
		codec.CollValue[sortitiontypes.Election](e.App.Codec))
	for epoch, members := range map[uint64]int{1: seats, 2: seats + 2} {
		require.NoError(t, elections.Set(ctx, epoch, sortitiontypes.Election{Epoch: epoch, Members: make([]string, members)}))
	}
	require.ErrorContains(t, execute(room(seats+1)), "a commit of 6 members")
	require.NoError(t, execute(room(seats+2)))
}

// Founders who registered no node keep their seats without a deposit: a minimum that they do not have takes nothing from the committee.
func TestRaisedDepositAsksRegisteredMembers(t *testing.T) {
	e := begin(t, unbonding)
	raise := proposals{e, t}.deposit(stake + 1)
	ctx, _ := e.Context().CacheContext()
	execute := func() error {
		attempt, _ := ctx.CacheContext()
		_, err := e.App.Gov.Router().Handler(raise)(attempt, raise)
		return err
	}
	require.ErrorContains(t, execute(), "4 of 4 members would lose their seats at once")
	registered := collections.NewMap(collections.NewSchemaBuilder(e.App.Store(staketypes.StoreKey)), staketypes.NodesKey, "nodes", collections.StringKey, codec.CollValue[staketypes.Node](e.App.Codec))
	for i, name := range e.in(e.now) {
		require.NoError(t, registered.Remove(ctx, inprocess.Account(name).String()))
		if left := seats - 1 - i; left > 1 {
			require.ErrorContains(t, execute(), "members would lose their seats at once", "%d are registered", left)
		} else {
			require.NoError(t, execute(), "%d is registered", left)
		}
	}
}
