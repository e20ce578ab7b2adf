package inprocess

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// ServiceID of the service chain.
const ServiceID = "top-msg-1"

// Service is a service chain with one operator. What a test proposes goes the way that CometBFT has it go.
type Service struct {
	App *servicechain.App
	// Time of the last block.
	Time time.Time
}

// NewService makes a service chain on which the names have accounts, with books that a test may write, and its first block. mempool is how many transactions wait at most.
func NewService(t testing.TB, mempool int, books func(*usagetypes.GenesisState), names ...string) *Service {
	t.Helper()
	settings := viper.New()
	settings.Set("mempool.size", mempool)
	opts := base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: settings, BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(ServiceID)}}
	s := &Service{App: servicechain.New(opts, true), Time: genesisTime}
	state, cdc := s.App.DefaultGenesis(), s.App.Codec
	key := sha256.Sum256([]byte("operator"))
	require.NoError(t, genesis.AddOperator(cdc, state, operatorstypes.Operator{Address: Account("operator").String(), Moniker: "operator", ConsensusKey: key[:], Power: 1}, 0))
	var usage usagetypes.GenesisState
	cdc.MustUnmarshalJSON(state[usagetypes.ModuleName], &usage)
	usage.Chain = usagetypes.Chain{ServiceType: "messaging", MainChainId: ChainID, EpochBlocks: 10, Operator: Account("operator").String()}
	usage.Params = usagetypes.ParamsFor(usage.Chain.EpochBlocks)
	if books != nil {
		books(&usage)
	}
	state[usagetypes.ModuleName] = cdc.MustMarshalJSON(&usage)
	var auth authtypes.GenesisState
	cdc.MustUnmarshalJSON(state[authtypes.ModuleName], &auth)
	accounts, err := authtypes.UnpackAccounts(auth.Accounts)
	require.NoError(t, err)
	for _, name := range names {
		accounts = append(accounts, authtypes.NewBaseAccount(Account(name), nil, 0, 0))
	}
	auth.Accounts, err = authtypes.PackAccounts(authtypes.SanitizeGenesisAccounts(accounts))
	require.NoError(t, err)
	state[authtypes.ModuleName] = cdc.MustMarshalJSON(&auth)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	params := base.ConsensusParams().ToProto()
	_, err = s.App.InitChain(&abci.RequestInitChain{ChainId: ServiceID, Time: s.Time, ConsensusParams: &params, AppStateBytes: bz, InitialHeight: 1})
	require.NoError(t, err)
	s.Block(t)
	return s
}

// Sign a transaction and encode it.
func (s *Service) Sign(t testing.TB, x Tx) []byte {
	t.Helper()
	return sign(t, s.App.Base(), s.Context(), x)
}

// Check brings a transaction into the mempool, or says why not.
func (s *Service) Check(t testing.TB, tx []byte) *abci.ResponseCheckTx {
	t.Helper()
	res, err := s.App.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	require.NoError(t, err)
	return res
}

// Propose the next block and vote on it.
func (s *Service) Propose(t testing.TB) (txs [][]byte, accepted bool) {
	t.Helper()
	height, now := s.App.LastBlockHeight()+1, s.Time.Add(time.Second)
	proposal, err := s.App.PrepareProposal(&abci.RequestPrepareProposal{Height: height, Time: now, MaxTxBytes: base.ConsensusParams().Block.MaxBytes})
	require.NoError(t, err)
	return proposal.Txs, s.Accepts(t, proposal.Txs...)
}

// Accepts tells how the node votes on a proposal.
func (s *Service) Accepts(t testing.TB, txs ...[]byte) bool {
	t.Helper()
	vote, err := s.App.ProcessProposal(&abci.RequestProcessProposal{Height: s.App.LastBlockHeight() + 1, Time: s.Time.Add(time.Second), Txs: txs})
	require.NoError(t, err)
	return vote.Status == abci.ResponseProcessProposal_ACCEPT
}

// Block with these transactions, committed.
func (s *Service) Block(t testing.TB, txs ...[]byte) *abci.ResponseFinalizeBlock {
	t.Helper()
	s.Time = s.Time.Add(time.Second)
	height := s.App.LastBlockHeight() + 1
	hash := sha256.Sum256([]byte{byte(height)})
	res, err := s.App.FinalizeBlock(&abci.RequestFinalizeBlock{Height: height, Time: s.Time, Hash: hash[:], Txs: txs, DecidedLastCommit: abci.CommitInfo{}})
	require.NoError(t, err)
	_, err = s.App.Commit()
	require.NoError(t, err)
	return res
}

// Context for reading the last block's state.
func (s *Service) Context() sdk.Context {
	return s.App.NewUncachedContext(true, cmtproto.Header{ChainID: ServiceID, Height: s.App.LastBlockHeight(), Time: s.Time})
}
