package chain_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// ledger is a chain of one account: it holds transactions to its sequence and puts them into blocks at the next look-up.
type ledger struct {
	tx.UnimplementedServiceServer
	authtypes.UnimplementedQueryServer

	mu       sync.Mutex
	sequence uint64
	// lie is how far behind the answer about the account is, once.
	lie  uint64
	code uint32
	txs  map[string]*sdk.TxResponse
	seen []uint64
}

// blocks answers which chain it is.
type blocks struct {
	cmtservice.UnimplementedServiceServer
}

func (*blocks) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: "top-test-1", Height: 7}}}, nil
}

func (l *ledger) AccountInfo(_ context.Context, req *authtypes.QueryAccountInfoRequest) (*authtypes.QueryAccountInfoResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.txs == nil {
		return nil, status.Error(codes.NotFound, "account not found")
	}
	res := &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{Address: req.Address, AccountNumber: 3, Sequence: l.sequence - l.lie}}
	l.lie = 0
	return res, nil
}

func sequenceOf(bz []byte) uint64 {
	var raw tx.TxRaw
	var auth tx.AuthInfo
	if raw.Unmarshal(bz) != nil || auth.Unmarshal(raw.AuthInfoBytes) != nil {
		return 1 << 62
	}
	return auth.SignerInfos[0].Sequence
}

func (l *ledger) Simulate(_ context.Context, req *tx.SimulateRequest) (*tx.SimulateResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := sequenceOf(req.TxBytes); got != l.sequence {
		return nil, status.Errorf(codes.Unknown, "expected %d, got %d: %s", l.sequence, got, sdkerrors.ErrWrongSequence)
	}
	return &tx.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: 100_000}}, nil
}

func (l *ledger) BroadcastTx(_ context.Context, req *tx.BroadcastTxRequest) (*tx.BroadcastTxResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := sequenceOf(req.TxBytes)
	if got != l.sequence {
		return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrWrongSequence.ABCICode()}}, nil
	}
	hash := "HASH"
	l.seen = append(l.seen, got)
	l.sequence++
	l.txs[hash] = &sdk.TxResponse{TxHash: hash, Height: 8, Code: l.code, Codespace: "billing", RawLog: "log"}
	return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: hash}}, nil
}

func (l *ledger) GetTx(_ context.Context, req *tx.GetTxRequest) (*tx.GetTxResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	res, ok := l.txs[req.Hash]
	if !ok {
		return nil, status.Error(codes.NotFound, "tx not found")
	}
	return &tx.GetTxResponse{TxResponse: res}, nil
}

func serve(t *testing.T, l *ledger) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).GRPCCodec()))
	tx.RegisterServiceServer(srv, l)
	cmtservice.RegisterServiceServer(srv, &blocks{})
	authtypes.RegisterQueryServer(srv, l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener)
	}()
	t.Cleanup(func() { srv.Stop(); <-done })
	return listener.Addr().String()
}

func dial(t *testing.T, l *ledger) (*chain.Client, *chain.Key) {
	t.Helper()
	c, err := chain.Dial(t.Context(), chain.Config{GRPC: serve(t, l), ChainID: "top-test-1"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	key, err := chain.FromMnemonic(mnemonic)
	require.NoError(t, err)
	return c, key
}

func deposit(key *chain.Key) sdk.Msg {
	return &billingtypes.MsgDeposit{Owner: key.Address(), Amount: 1}
}

func TestSendCountsTheSequence(t *testing.T) {
	l := &ledger{sequence: 5, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	for range 3 {
		res, err := c.Send(t.Context(), key, deposit(key))
		require.NoError(t, err)
		require.EqualValues(t, 8, res.Height)
	}
	require.Equal(t, []uint64{5, 6, 7}, l.seen)
}

func TestSendRecoversFromAnotherSigner(t *testing.T) {
	l := &ledger{sequence: 5, lie: 2, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err, "a stale answer about the account is read again")

	l.mu.Lock()
	l.sequence += 4
	l.mu.Unlock()
	_, err = c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err, "somebody else used the key meanwhile")
	require.Equal(t, []uint64{5, 10}, l.seen)
}

func TestSendIsOneOwnerOfTheSequence(t *testing.T) {
	l := &ledger{sequence: 1, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := c.Send(t.Context(), key, deposit(key))
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, l.seen)
}

func TestFailedTransactionIsAnError(t *testing.T) {
	l := &ledger{sequence: 1, code: 5, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.ErrorIs(t, err, &chain.TxError{Codespace: "billing", Code: 5})
	require.Len(t, l.seen, 1, "a failed transaction is not sent again")
}

func TestUnknownAccountSaysWhatToDo(t *testing.T) {
	c, key := dial(t, &ledger{})
	_, err := c.Send(t.Context(), key, deposit(key))
	require.ErrorContains(t, err, "does not exist on top-test-1")
	require.ErrorContains(t, err, "first coins")
}

func TestDialRefusesAnotherChain(t *testing.T) {
	_, err := chain.Dial(t.Context(), chain.Config{GRPC: serve(t, &ledger{}), ChainID: "top-main-1"})
	require.ErrorContains(t, err, "is a node of top-test-1, not of top-main-1")
}
