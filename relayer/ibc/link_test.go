package ibc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const mainID, serviceID = "top-main-1", "top-msg-1"

// lightState is a light client as its chain keeps it.
type lightState struct {
	state                         *codectypes.Any
	creator, counterparty, status string
}

// linkable is a chain that can be linked to another one.
type linkable struct {
	chainID string
	clients []*lightState
	// linked is the client by which it is, operator who may link it.
	linked, operator string
	epochBlocks      uint64
	// unbonding of stake, where there is any, and how long evidence counts.
	unbonding, evidence time.Duration
	mainChain           string
	unregistered        bool
	txs                 map[string]*sdk.TxResponse
	// left is how many more transactions both chains take.
	left *int
}

// What each of its gRPC services answers.
type (
	headers struct {
		cmtservice.UnimplementedServiceServer
		*linkable
	}
	accounts struct {
		authtypes.UnimplementedQueryServer
		*linkable
	}
	mempool struct {
		tx.UnimplementedServiceServer
		*linkable
	}
	lightClients struct {
		clienttypes.UnimplementedQueryServer
		*linkable
	}
	counterparties struct {
		clienttypesv2.UnimplementedQueryServer
		*linkable
	}
	registry struct {
		servicestypes.UnimplementedQueryServer
		*linkable
	}
	epochs struct {
		billingtypes.UnimplementedQueryServer
		*linkable
	}
	foundation struct {
		usagetypes.UnimplementedQueryServer
		*linkable
	}
	stakes struct {
		stakingtypes.UnimplementedQueryServer
		*linkable
	}
	agreement struct {
		consensustypes.UnimplementedQueryServer
		*linkable
	}
)

func (l headers) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: l.chainID, Height: 5}}, Block: &cmtproto.Block{}}, nil
}

func (l accounts) AccountInfo(_ context.Context, req *authtypes.QueryAccountInfoRequest) (*authtypes.QueryAccountInfoResponse, error) {
	return &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{Address: req.Address, Sequence: uint64(len(l.txs))}}, nil
}

func (mempool) Simulate(context.Context, *tx.SimulateRequest) (*tx.SimulateResponse, error) {
	return &tx.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: 100_000}}, nil
}

func (l mempool) BroadcastTx(_ context.Context, req *tx.BroadcastTxRequest) (*tx.BroadcastTxResponse, error) {
	if *l.left == 0 {
		return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrUnauthorized.ABCICode()}}, nil
	}
	*l.left--
	var raw tx.TxRaw
	var body tx.TxBody
	if err := raw.Unmarshal(req.TxBytes); err != nil {
		return nil, err
	}
	if err := body.Unmarshal(raw.BodyBytes); err != nil {
		return nil, err
	}
	res, err := l.apply(body.Messages[0])
	if err != nil {
		return nil, err
	}
	data := sdk.TxMsgData{MsgResponses: []*codectypes.Any{res}}
	bz, err := data.Marshal()
	if err != nil {
		return nil, err
	}
	hash := fmt.Sprintf("%X", sha256.Sum256(req.TxBytes))
	l.txs[hash] = &sdk.TxResponse{TxHash: hash, Height: 6, Data: hex.EncodeToString(bz)}
	return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: hash}}, nil
}

// apply one message, with the rules that linking is about.
func (l *linkable) apply(msg *codectypes.Any) (*codectypes.Any, error) {
	switch msg.TypeUrl {
	case sdk.MsgTypeURL(&clienttypes.MsgCreateClient{}):
		var m clienttypes.MsgCreateClient
		if err := m.Unmarshal(msg.Value); err != nil {
			return nil, err
		}
		l.clients = append(l.clients, &lightState{state: m.ClientState, creator: m.Signer, status: "Active"})
		return codectypes.NewAnyWithValue(&clienttypes.MsgCreateClientResponse{ClientId: idOf(len(l.clients) - 1)})
	case sdk.MsgTypeURL(&clienttypesv2.MsgRegisterCounterparty{}):
		var m clienttypesv2.MsgRegisterCounterparty
		if err := m.Unmarshal(msg.Value); err != nil {
			return nil, err
		}
		c, err := l.client(m.ClientId)
		if err != nil || c.counterparty != "" || c.creator != m.Signer {
			return nil, status.Errorf(codes.InvalidArgument, "counterparty of %s: %v", m.ClientId, err)
		}
		c.counterparty = m.CounterpartyClientId
		return codectypes.NewAnyWithValue(&clienttypesv2.MsgRegisterCounterpartyResponse{})
	case sdk.MsgTypeURL(&usagetypes.MsgLinkMainChain{}):
		var m usagetypes.MsgLinkMainChain
		if err := m.Unmarshal(msg.Value); err != nil {
			return nil, err
		}
		return l.link(m.ClientId, &usagetypes.MsgLinkMainChainResponse{})
	case sdk.MsgTypeURL(&servicestypes.MsgLinkServiceChain{}):
		var m servicestypes.MsgLinkServiceChain
		if err := m.Unmarshal(msg.Value); err != nil {
			return nil, err
		}
		return l.link(m.ClientId, &servicestypes.MsgLinkServiceChainResponse{})
	}
	return nil, status.Error(codes.Unimplemented, msg.TypeUrl)
}

// link by a client, once.
func (l *linkable) link(clientID string, res proto.Message) (*codectypes.Any, error) {
	c, err := l.client(clientID)
	if err != nil || l.linked != "" || c.status != "Active" || c.counterparty == "" {
		return nil, status.Errorf(codes.InvalidArgument, "linked by %q, not by %s: %v", l.linked, clientID, err)
	}
	l.linked = clientID
	return codectypes.NewAnyWithValue(res)
}

func (l mempool) GetTx(_ context.Context, req *tx.GetTxRequest) (*tx.GetTxResponse, error) {
	if res, ok := l.txs[req.Hash]; ok {
		return &tx.GetTxResponse{TxResponse: res}, nil
	}
	return nil, status.Error(codes.NotFound, "tx not found")
}

func idOf(i int) string { return fmt.Sprint("07-tendermint-", i) }

func (l *linkable) client(id string) (*lightState, error) {
	for i, c := range l.clients {
		if idOf(i) == id {
			return c, nil
		}
	}
	return nil, status.Errorf(codes.NotFound, "client %s", id)
}

func (l lightClients) ClientStates(context.Context, *clienttypes.QueryClientStatesRequest) (*clienttypes.QueryClientStatesResponse, error) {
	res := &clienttypes.QueryClientStatesResponse{}
	for i, c := range l.clients {
		res.ClientStates = append(res.ClientStates, clienttypes.IdentifiedClientState{ClientId: idOf(i), ClientState: c.state})
	}
	return res, nil
}

func (l lightClients) ClientState(_ context.Context, req *clienttypes.QueryClientStateRequest) (*clienttypes.QueryClientStateResponse, error) {
	c, err := l.client(req.ClientId)
	if err != nil {
		return nil, err
	}
	return &clienttypes.QueryClientStateResponse{ClientState: c.state}, nil
}

func (l lightClients) ClientCreator(_ context.Context, req *clienttypes.QueryClientCreatorRequest) (*clienttypes.QueryClientCreatorResponse, error) {
	c, err := l.client(req.ClientId)
	if err != nil {
		return nil, err
	}
	return &clienttypes.QueryClientCreatorResponse{Creator: c.creator}, nil
}

func (l lightClients) ClientStatus(_ context.Context, req *clienttypes.QueryClientStatusRequest) (*clienttypes.QueryClientStatusResponse, error) {
	c, err := l.client(req.ClientId)
	if err != nil {
		return nil, err
	}
	return &clienttypes.QueryClientStatusResponse{Status: c.status}, nil
}

func (l counterparties) CounterpartyInfo(_ context.Context, req *clienttypesv2.QueryCounterpartyInfoRequest) (*clienttypesv2.QueryCounterpartyInfoResponse, error) {
	c, err := l.client(req.ClientId)
	if err != nil || c.counterparty == "" {
		return nil, status.Error(codes.NotFound, "no counterparty")
	}
	return &clienttypesv2.QueryCounterpartyInfoResponse{CounterpartyInfo: &clienttypesv2.CounterpartyInfo{ClientId: c.counterparty}}, nil
}

func (m registry) ServiceChain(_ context.Context, req *servicestypes.QueryServiceChainRequest) (*servicestypes.QueryServiceChainResponse, error) {
	if m.unregistered {
		return nil, status.Errorf(codes.NotFound, "service chain %q", req.ChainId)
	}
	return &servicestypes.QueryServiceChainResponse{Chain: servicestypes.ServiceChain{ChainId: req.ChainId, Operator: m.operator, ClientId: m.linked}}, nil
}

func (e epochs) Epoch(context.Context, *billingtypes.QueryEpochRequest) (*billingtypes.QueryEpochResponse, error) {
	return &billingtypes.QueryEpochResponse{Epoch: 20, EpochBlocks: e.epochBlocks}, nil
}

func (s stakes) Params(context.Context, *stakingtypes.QueryParamsRequest) (*stakingtypes.QueryParamsResponse, error) {
	return &stakingtypes.QueryParamsResponse{Params: stakingtypes.Params{UnbondingTime: s.unbonding}}, nil
}

func (a agreement) Params(context.Context, *consensustypes.QueryParamsRequest) (*consensustypes.QueryParamsResponse, error) {
	return &consensustypes.QueryParamsResponse{Params: &cmtproto.ConsensusParams{Evidence: &cmtproto.EvidenceParams{MaxAgeDuration: a.evidence}}}, nil
}

func (s foundation) Chain(context.Context, *usagetypes.QueryChainRequest) (*usagetypes.QueryChainResponse, error) {
	return &usagetypes.QueryChainResponse{Chain: usagetypes.Chain{MainChainId: s.mainChain, EpochBlocks: s.epochBlocks, Operator: s.operator, MainClientId: s.linked}}, nil
}

// connect to the chain with a key.
func (l *linkable) connect(t *testing.T, key *chain.Key) *Endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := grpc.NewServer()
	cmtservice.RegisterServiceServer(srv, &headers{linkable: l})
	tx.RegisterServiceServer(srv, &mempool{linkable: l})
	authtypes.RegisterQueryServer(srv, &accounts{linkable: l})
	clienttypes.RegisterQueryServer(srv, &lightClients{linkable: l})
	clienttypesv2.RegisterQueryServer(srv, &counterparties{linkable: l})
	consensustypes.RegisterQueryServer(srv, &agreement{linkable: l})
	if l.mainChain == "" {
		stakingtypes.RegisterQueryServer(srv, &stakes{linkable: l})
		servicestypes.RegisterQueryServer(srv, &registry{linkable: l})
		billingtypes.RegisterQueryServer(srv, &epochs{linkable: l})
	} else {
		usagetypes.RegisterQueryServer(srv, &foundation{linkable: l})
	}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(srv.Stop)
	set, keys := cmttypes.RandValidatorSet(1, 10)
	var asked int
	e, err := Connect(t.Context(), EndpointConfig{
		ChainID: l.chainID, GRPC: Addresses{listener.Addr().String()}, RPC: Addresses{serve(t, signedOn(t, l.chainID, 5, time.Now(), make([]byte, 32), set, set, keys), set, &asked)},
	}, key)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// founded are a main chain and a service chain that are registered, run, and are not linked; left transactions are taken.
func founded(t *testing.T) (key *chain.Key, main, service *linkable, left *int) {
	t.Helper()
	key, err := chain.FromMnemonic("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	require.NoError(t, err)
	left = new(int)
	*left = 100
	found := func(id, mainChain string) *linkable {
		return &linkable{chainID: id, mainChain: mainChain, operator: key.Address(), epochBlocks: 20, txs: map[string]*sdk.TxResponse{}, left: left, unbonding: 21 * 24 * time.Hour, evidence: 22 * 24 * time.Hour}
	}
	return key, found(mainID, ""), found(serviceID, mainID), left
}

// Wherever a link is interrupted, and with whatever trusting period it is run again, it ends with two clients that are each other's counterparties, and then changes nothing more.
func TestInterruptedLinkIsFinishedByTheSamePair(t *testing.T) {
	const steps = 6
	for done := range steps {
		t.Run(fmt.Sprint("after step ", done), func(t *testing.T) {
			key, main, service, left := founded(t)
			m, s := main.connect(t, key), service.connect(t, key)
			*left = done
			_, err := Link(t.Context(), m, s, 300*time.Hour)
			require.Error(t, err)
			*left = steps + 1
			c, err := Link(t.Context(), m, s, DefaultTrusting)
			require.NoError(t, err)
			require.Equal(t, Clients{Main: main.linked, Service: service.linked}, c)
			onMain, err := main.client(c.Main)
			require.NoError(t, err)
			onService, err := service.client(c.Service)
			require.NoError(t, err)
			require.Equal(t, c.Service, onMain.counterparty)
			require.Equal(t, c.Main, onService.counterparty)
			*left = 0
			again, err := Link(t.Context(), m, s, 300*time.Hour)
			require.NoError(t, err)
			require.Equal(t, c, again)
			relayed, err := linked(t.Context(), m, s)
			require.NoError(t, err)
			require.Equal(t, c, relayed)
		})
	}
}

// What joins nothing, or never could, is refused with the remedy, and nothing is sent.
func TestLinksThatCannotBeFinished(t *testing.T) {
	for name, c := range map[string]struct {
		change func(main, service *linkable)
		want   string
	}{
		"the partner has expired":     {func(main, _ *linkable) { main.clients[0].status = "Expired" }, "client 07-tendermint-0 on top-main-1 is Expired"},
		"the linked one is frozen":    {func(_, service *linkable) { service.clients[0].status = "Frozen" }, "MsgRecoverClient"},
		"the partner has another":     {func(main, _ *linkable) { main.clients[0].counterparty = "07-tendermint-7" }, "exit-service-chain"},
		"there is no partner":         {func(main, _ *linkable) { main.clients = nil }, `top-main-1 has no client "07-tendermint-0"`},
		"the partner follows another": {func(main, _ *linkable) { main.clients[0].state = stateOf(t, "top-other-1") }, "follows top-other-1"},
		"a stranger made the partner": {func(main, _ *linkable) { main.clients[0].counterparty, main.clients[0].creator = "", "top1stranger" }, "top1stranger"},
		"main linked, partner expired": {func(main, service *linkable) {
			main.linked, service.linked, service.clients[0].status = "07-tendermint-0", "", "Expired"
		}, "client 07-tendermint-0 on top-msg-1 is Expired"},
		"linked by another pair": {func(main, _ *linkable) {
			main.clients = append(main.clients, &lightState{counterparty: "07-tendermint-1", status: "Active"})
			main.linked = "07-tendermint-1"
		}, "nothing can pass"},
	} {
		t.Run(name, func(t *testing.T) {
			key, main, service, left := founded(t)
			m, s := main.connect(t, key), service.connect(t, key)
			*left = 5
			_, err := Link(t.Context(), m, s, DefaultTrusting)
			require.Error(t, err)
			require.Equal(t, "07-tendermint-0", service.linked, "%v", err)
			c.change(main, service)
			*left = 100
			_, err = Link(t.Context(), m, s, DefaultTrusting)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, 100, *left, "nothing was sent")
			_, err = linked(t.Context(), m, s)
			require.Error(t, err, "start says so, too")
			require.NotErrorIs(t, err, chain.ErrUnreachable, "and does not wait")
		})
	}
}

func stateOf(t *testing.T, chainID string) *codectypes.Any {
	t.Helper()
	packed, err := clienttypes.PackClientState(&ibctm.ClientState{ChainId: chainID})
	require.NoError(t, err)
	return packed
}

// Chains, keys and epochs that cannot go together are found before anything is created, and the refusal names what is wrong.
func TestLinkChecksBeforeItCreates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(main, service *linkable)
		want   []string
	}{
		"not registered":               {func(main, _ *linkable) { main.unregistered = true }, []string{"top-main-1 does not know top-msg-1", "register-service-chain"}},
		"founded for another":          {func(_, service *linkable) { service.mainChain = "top-other-1" }, []string{"top-other-1", "chains.main"}},
		"registered by another":        {func(main, _ *linkable) { main.operator = "top1other" }, []string{"by top1other", "ibc.key"}},
		"founded by another":           {func(_, service *linkable) { service.operator = "top1other" }, []string{"by top1other", "ibc.key"}},
		"epochs of another length":     {func(_, service *linkable) { service.epochBlocks = 3 }, []string{"20 blocks on top-main-1", "founded with 3", "--epoch-blocks 20"}},
		"linked, with such epochs":     {func(main, service *linkable) { main.linked, service.linked, service.epochBlocks = "a", "b", 3 }, []string{"exit-service-chain", "--epoch-blocks 20"}},
		"stake that leaves sooner":     {func(main, _ *linkable) { main.unbonding = DefaultTrusting }, []string{"trust headers of top-main-1 for 336h0m0s", "for 336h0m0s alone", "--trusting-period"}},
		"evidence that counts shorter": {func(main, _ *linkable) { main.evidence = time.Hour }, []string{"top-main-1", "for 1h0m0s alone"}},
		"service chain that forgets":   {func(_, service *linkable) { service.evidence = time.Hour }, []string{"top-msg-1", "for 1h0m0s alone"}},
		"the service chain as main":    {func(main, _ *linkable) { main.mainChain = mainID }, []string{"top-main-1 is no main chain", "look swapped"}},
		"a main chain as the service":  {func(_, service *linkable) { service.mainChain = "" }, []string{"top-msg-1 is no service chain", "look swapped"}},
	} {
		t.Run(name, func(t *testing.T) {
			key, main, service, left := founded(t)
			c.change(main, service)
			_, err := Link(t.Context(), main.connect(t, key), service.connect(t, key), DefaultTrusting)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Equal(t, 100, *left, "nothing was sent")
		})
	}
}

func TestPairOfClients(t *testing.T) {
	const a, b, c = "07-tendermint-0", "07-tendermint-1", "07-tendermint-2"
	for name, test := range map[string]struct {
		mains, services []candidate
		want            Clients
	}{
		"nothing is there":                  {nil, nil, Clients{}},
		"one side is there":                 {[]candidate{{a, ""}}, nil, Clients{Main: a}},
		"both are free":                     {[]candidate{{a, ""}}, []candidate{{b, ""}}, Clients{a, b}},
		"one knows the other":               {[]candidate{{a, ""}, {b, c}}, []candidate{{a, ""}, {c, ""}}, Clients{b, c}},
		"the other knows the one":           {[]candidate{{a, ""}}, []candidate{{b, ""}, {c, a}}, Clients{a, c}},
		"the partner is of somebody else":   {[]candidate{{a, b}}, []candidate{{b, c}}, Clients{}},
		"the partner has expired":           {[]candidate{{a, b}}, []candidate{{c, ""}}, Clients{Service: c}},
		"both know each other, beside free": {[]candidate{{a, ""}, {c, c}}, []candidate{{b, ""}, {c, c}}, Clients{c, c}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, pair(test.mains, test.services)) })
	}
}

// A client says how long its chain holds validators to what they sign: on the main chain while their stake unbonds, on a service chain, where nobody stakes, while evidence counts.
func TestClientsKnowHowLongValidatorsAreHeld(t *testing.T) {
	key, main, service, _ := founded(t)
	main.unbonding, main.evidence, service.evidence = 500*time.Hour, 600*time.Hour, 400*time.Hour
	_, err := Link(t.Context(), main.connect(t, key), service.connect(t, key), DefaultTrusting)
	require.NoError(t, err)
	for on, want := range map[*linkable]time.Duration{main: 400 * time.Hour, service: 500 * time.Hour} {
		var state ibctm.ClientState
		require.NoError(t, state.Unmarshal(on.clients[0].state.Value))
		require.Equal(t, want, state.UnbondingPeriod, on.chainID)
	}
}
