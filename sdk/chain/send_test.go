package chain_test

import (
	"context"
	"crypto/sha256"
	"fmt"
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
	// refuse is a code with which transactions are turned away, refused how many were.
	refuse  uint32
	refused int
	// hungry is how much gas a transaction needs that simulation does not see.
	hungry uint64
	// swallow takes the next transaction without an answer.
	swallow bool
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

func gasOf(bz []byte) uint64 {
	var raw tx.TxRaw
	var auth tx.AuthInfo
	if raw.Unmarshal(bz) != nil || auth.Unmarshal(raw.AuthInfoBytes) != nil {
		return 0
	}
	return auth.Fee.GasLimit
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
	if l.refuse != 0 {
		l.refused++
		return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: l.refuse}}, nil
	}
	hash := fmt.Sprintf("%X", sha256.Sum256(req.TxBytes))
	l.seen = append(l.seen, got)
	l.sequence++
	l.txs[hash] = &sdk.TxResponse{TxHash: hash, Height: 8, Code: l.code, Codespace: "billing", RawLog: "log"}
	if gasOf(req.TxBytes) < l.hungry {
		l.txs[hash].Codespace, l.txs[hash].Code = sdkerrors.RootCodespace, sdkerrors.ErrOutOfGas.ABCICode()
	}
	if l.swallow {
		l.swallow = false
		return nil, status.Error(codes.Unavailable, "connection lost")
	}
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
	address, _ := serveUntil(t, l)
	return address
}

// serveUntil stop is called or the test ends.
func serveUntil(t *testing.T, l *ledger) (address string, stop func()) {
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
	stop = func() { srv.Stop(); <-done }
	t.Cleanup(stop)
	return listener.Addr().String(), stop
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

func TestGasLimitIsRaised(t *testing.T) {
	l := &ledger{sequence: 1, hungry: 300_000, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err, "the limit is doubled until it suffices")
	require.Equal(t, []uint64{1, 2}, l.seen)

	l.hungry = 1 << 40
	_, err = c.Send(t.Context(), key, deposit(key))
	require.ErrorContains(t, err, "the gas limit was raised 2 times")
	require.Len(t, l.seen, 5, "and not for ever")
}

func TestFeeErrorSaysWhatToDo(t *testing.T) {
	l := &ledger{sequence: 1, refuse: sdkerrors.ErrInsufficientFee.ABCICode(), txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.ErrorContains(t, err, "minimum-gas-prices")
	require.True(t, chain.Refused(err))
	require.Equal(t, 1, l.refused, "it is not tried again")
}

func TestFullMempoolIsTriedAFewTimes(t *testing.T) {
	l := &ledger{sequence: 1, refuse: sdkerrors.ErrMempoolIsFull.ABCICode(), txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.ErrorContains(t, err, "mempool is full")
	require.Equal(t, 6, l.refused)
}

// A node takes the transaction and dies before it answers: it is asked for by its hash, and no other is sent in its place.
func TestLostAnswerSendsNothingTwice(t *testing.T) {
	l := &ledger{sequence: 4, swallow: true, txs: map[string]*sdk.TxResponse{}}
	c, key := dial(t, l)
	_, err := c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err)
	require.Equal(t, []uint64{4}, l.seen)
}

func TestNextNodeIsAskedWhenOneFails(t *testing.T) {
	l := &ledger{sequence: 1, txs: map[string]*sdk.TxResponse{}}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	first, stop := serveUntil(t, l)
	c, err := chain.Dial(t.Context(), chain.Config{GRPC: dead.Addr().String(), Others: []string{first, serve(t, l)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	key, err := chain.FromMnemonic(mnemonic)
	require.NoError(t, err)
	_, err = c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err)
	stop()
	_, err = c.Send(t.Context(), key, deposit(key))
	require.NoError(t, err, "the third node answers")
	require.Equal(t, []uint64{1, 2}, l.seen)
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
