package chain

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	abci "github.com/cometbft/cometbft/abci/types"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// How Send behaves.
const (
	pollInterval = 150 * time.Millisecond
	// rebroadcastAfter: a transaction that is not in a block by then may have been dropped from the mempools.
	rebroadcastAfter = 15 * time.Second
	// includeTimeout: beyond it the chain is taken to be stopped.
	includeTimeout = 90 * time.Second
	maxAttempts    = 6
	// Simulation runs on the last state; the next block's may cost more. Where it cost more still, the limit doubles, maxGasRaises times.
	gasNumerator, gasDenominator, gasFloor = 14, 10, 50_000
	maxGasRaises                           = 2
)

// TxResult of a transaction in a block.
type TxResult struct {
	Hash   string
	Height int64
	Events []abci.Event
	// Responses of the messages, in their order.
	Responses []*codectypes.Any
}

// TxError is a transaction that the chain refused or that failed in its block.
type TxError struct {
	Hash      string
	Codespace string
	Code      uint32
	Log       string
}

// Error names what failed.
func (e *TxError) Error() string {
	return fmt.Sprintf("transaction %s failed: %s/%d: %s", e.Hash, e.Codespace, e.Code, e.Log)
}

// Is tells whether the transaction failed with a registered error, e.g. errors.Is(err, &TxError{Codespace: "usage", Code: 8}).
func (e *TxError) Is(target error) bool {
	t, ok := target.(*TxError)
	return ok && t.Codespace == e.Codespace && t.Code == e.Code
}

func (e *TxError) sdk(code error) bool {
	var registered interface{ ABCICode() uint32 }
	return e.Codespace == sdkerrors.RootCodespace && errors.As(code, &registered) && registered.ABCICode() == e.Code
}

// remedy says what to do about errors that no repetition mends.
func (e *TxError) remedy() error {
	switch {
	case e.sdk(sdkerrors.ErrInsufficientFee):
		return fmt.Errorf("the node asks for a fee, and relayers, providers and apps pay none: set its minimum-gas-prices to nothing (app.toml), or name another node: %w", e)
	case e.sdk(sdkerrors.ErrOutOfGas):
		return fmt.Errorf("the gas limit was raised %d times and did not suffice: %w", maxGasRaises, e)
	case e.sdk(sdkerrors.ErrMempoolIsFull):
		return fmt.Errorf("the node's mempool is full, also after %d attempts: try later, or name another node: %w", maxAttempts, e)
	case e.sdk(sdkerrors.ErrWrongSequence):
		return fmt.Errorf("somebody else signs with the same key, also after %d attempts: one key has one owner, give each program its own: %w", maxAttempts, e)
	}
	return e
}

// Refused tells whether the chain turned a transaction down, before or in a block, or whether it is only not known to have got through.
func Refused(err error) bool {
	var failed *TxError
	return errors.As(err, &failed) || errors.Is(err, errSimulation)
}

// account is the one owner of its sequence: transactions of a key go one after the other.
type account struct {
	sync.Mutex
	number, sequence uint64
	known            bool
}

// Send signs messages with a key, waits until they are in a block, and answers how they ended. A failed transaction is a *TxError.
// Fees are zero: no rule of TOP's chains asks for one, only the operator of a node can.
func (c *Client) Send(ctx context.Context, key *Key, msgs ...sdk.Msg) (*TxResult, error) {
	c.mu.Lock()
	acc, ok := c.accounts[key.Address()]
	if !ok {
		acc = &account{}
		c.accounts[key.Address()] = acc
	}
	c.mu.Unlock()
	acc.Lock()
	defer acc.Unlock()

	raises := 0
	for attempt := 0; ; attempt++ {
		res, err := c.sendOnce(ctx, key, acc, msgs, raises)
		if err == nil {
			return res, nil
		}
		// Whatever went wrong, the chain knows the sequence better.
		acc.known = false
		var failed *TxError
		if !errors.As(err, &failed) {
			return nil, err
		}
		again := attempt+1 < maxAttempts && (failed.sdk(sdkerrors.ErrWrongSequence) || failed.sdk(sdkerrors.ErrMempoolIsFull))
		if failed.sdk(sdkerrors.ErrOutOfGas) && raises < maxGasRaises {
			raises++
			again = true
		}
		if !again {
			return nil, failed.remedy()
		}
		if err := sleep(ctx, pollInterval<<(attempt+1)); err != nil {
			return nil, errors.Join(err, failed)
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, key *Key, acc *account, msgs []sdk.Msg, gasRaises int) (*TxResult, error) {
	if !acc.known {
		if err := c.readAccount(ctx, key.Address(), acc); err != nil {
			return nil, err
		}
	}
	service := tx.NewServiceClient(c.conn)
	draft, err := c.sign(key, acc, msgs, 0)
	if err != nil {
		return nil, err
	}
	sim, err := service.Simulate(ctx, &tx.SimulateRequest{TxBytes: draft})
	if err != nil {
		return nil, simulateError(err)
	}
	if sim.GasInfo == nil {
		return nil, errors.New("simulate: the node's answer names no gas")
	}
	bz, err := c.sign(key, acc, msgs, (sim.GasInfo.GasUsed*gasNumerator/gasDenominator+gasFloor)<<gasRaises)
	if err != nil {
		return nil, err
	}
	again := time.Now().Add(rebroadcastAfter)
	switch err := broadcast(ctx, service, bz); {
	case err != nil && nodeFailed(err) && ctx.Err() == nil:
		// The node may have taken it. Another transaction in its place could do the same thing twice: this one is handed to the next node until it is in a block.
		again = time.Now()
	case err != nil:
		return nil, err
	}
	acc.sequence++
	return c.await(ctx, service, bz, again)
}

// errSimulation is a refusal that cost nothing.
var errSimulation = errors.New("the chain would refuse the transaction")

// simulateError keeps the one error that simulation and broadcast share apart: a sequence that is not the chain's.
func simulateError(err error) error {
	text := status.Convert(err).Message()
	if strings.Contains(text, sdkerrors.ErrWrongSequence.Error()) {
		return &TxError{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrWrongSequence.ABCICode(), Log: text}
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return fmt.Errorf("simulate: %w", err)
	}
	return fmt.Errorf("%w: %w", errSimulation, err)
}

func (c *Client) readAccount(ctx context.Context, address string, acc *account) error {
	res, err := authtypes.NewQueryClient(c.conn).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: address})
	if status.Code(err) == codes.NotFound {
		return fmt.Errorf("account %s does not exist on %s: it comes into being with the first coins (main chain) or credit (service chain) it receives: %w",
			address, c.chainID, err)
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", address, err)
	}
	if res.Info == nil {
		return fmt.Errorf("account %s: the node's answer is empty", address)
	}
	acc.number, acc.sequence, acc.known = res.Info.AccountNumber, res.Info.Sequence, true
	return nil
}

// sign builds a TxRaw in SIGN_MODE_DIRECT.
func (c *Client) sign(key *Key, acc *account, msgs []sdk.Msg, gas uint64) ([]byte, error) {
	anys, err := tx.SetMsgs(msgs)
	if err != nil {
		return nil, err
	}
	body, err := c.codec.Marshal(&tx.TxBody{Messages: anys})
	if err != nil {
		return nil, err
	}
	pub, err := codectypes.NewAnyWithValue(key.private.PubKey())
	if err != nil {
		return nil, err
	}
	auth, err := c.codec.Marshal(&tx.AuthInfo{
		SignerInfos: []*tx.SignerInfo{{
			PublicKey: pub,
			ModeInfo:  &tx.ModeInfo{Sum: &tx.ModeInfo_Single_{Single: &tx.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}},
			Sequence:  acc.sequence,
		}},
		Fee: &tx.Fee{GasLimit: gas},
	})
	if err != nil {
		return nil, err
	}
	doc, err := (&tx.SignDoc{BodyBytes: body, AuthInfoBytes: auth, ChainId: c.chainID, AccountNumber: acc.number}).Marshal()
	if err != nil {
		return nil, err
	}
	sig, err := key.private.Sign(doc)
	if err != nil {
		return nil, err
	}
	return (&tx.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{sig}}).Marshal()
}

// broadcast hands the transaction to the node's mempool. One that is there already is as good.
func broadcast(ctx context.Context, service tx.ServiceClient, bz []byte) error {
	res, err := service.BroadcastTx(ctx, &tx.BroadcastTxRequest{TxBytes: bz, Mode: tx.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return fmt.Errorf("broadcast: %w", err)
	}
	r := res.TxResponse
	if r == nil {
		return errors.New("broadcast: the node's answer is empty")
	}
	failed := &TxError{Hash: r.TxHash, Codespace: r.Codespace, Code: r.Code, Log: r.RawLog}
	if r.Code != 0 && !failed.sdk(sdkerrors.ErrTxInMempoolCache) {
		return failed
	}
	return nil
}

// await polls for the transaction until it is in a block, and hands it out again when it seems lost.
func (c *Client) await(ctx context.Context, service tx.ServiceClient, bz []byte, again time.Time) (*TxResult, error) {
	ctx, cancel := context.WithTimeout(ctx, includeTimeout)
	defer cancel()
	hash := fmt.Sprintf("%X", sha256.Sum256(bz))
	for {
		res, err := service.GetTx(ctx, &tx.GetTxRequest{Hash: hash})
		if err == nil && res.TxResponse != nil {
			r := res.TxResponse
			if r.Code != 0 {
				return nil, &TxError{Hash: hash, Codespace: r.Codespace, Code: r.Code, Log: r.RawLog}
			}
			return c.result(r)
		}
		if err != nil && ctx.Err() == nil && status.Code(err) != codes.NotFound && !nodeFailed(err) {
			return nil, fmt.Errorf("transaction %s: %w", hash, err)
		}
		if time.Now().After(again) {
			// An error here says nothing final: the transaction may have entered a block since.
			_ = broadcast(ctx, service, bz)
			again = time.Now().Add(rebroadcastAfter)
		}
		if err := sleep(ctx, pollInterval); err != nil {
			return nil, fmt.Errorf("transaction %s is in no block of %s: %w", hash, c.chainID, err)
		}
	}
}

func (c *Client) result(r *sdk.TxResponse) (*TxResult, error) {
	out := &TxResult{Hash: r.TxHash, Height: r.Height, Events: r.Events}
	if r.Data == "" {
		return out, nil
	}
	responses, err := decodeResponses(r.Data)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", r.TxHash, err)
	}
	out.Responses = responses
	return out, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
