package chain

import (
	"context"
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
	// Simulation runs on the last state; the next block's may cost more.
	gasNumerator, gasDenominator, gasFloor = 14, 10, 50_000
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

// account is the one owner of its sequence: transactions of a key go one after the other.
type account struct {
	sync.Mutex
	number, sequence uint64
	known            bool
}

// Send signs messages with a key, waits until they are in a block, and answers how they ended. A failed transaction is a *TxError.
// Fees are zero: TOP's chains take none from ordinary transactions.
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

	var err error
	for attempt := range maxAttempts {
		if attempt > 0 {
			if err := sleep(ctx, pollInterval<<attempt); err != nil {
				return nil, err
			}
		}
		var res *TxResult
		if res, err = c.sendOnce(ctx, key, acc, msgs); err == nil {
			return res, nil
		}
		// Whatever went wrong, the chain knows the sequence better.
		acc.known = false
		var failed *TxError
		retry := errors.As(err, &failed) && (failed.sdk(sdkerrors.ErrWrongSequence) || failed.sdk(sdkerrors.ErrMempoolIsFull))
		if !retry {
			return nil, err
		}
	}
	return nil, err
}

func (c *Client) sendOnce(ctx context.Context, key *Key, acc *account, msgs []sdk.Msg) (*TxResult, error) {
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
	bz, err := c.sign(key, acc, msgs, sim.GasInfo.GasUsed*gasNumerator/gasDenominator+gasFloor)
	if err != nil {
		return nil, err
	}
	hash, err := broadcast(ctx, service, bz)
	if err != nil {
		return nil, err
	}
	acc.sequence++
	return c.await(ctx, service, hash, bz)
}

// simulateError keeps the one error that simulation and broadcast share apart: a sequence that is not the chain's.
func simulateError(err error) error {
	text := status.Convert(err).Message()
	if strings.Contains(text, sdkerrors.ErrWrongSequence.Error()) {
		return &TxError{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrWrongSequence.ABCICode(), Log: text}
	}
	return fmt.Errorf("the chain would refuse the transaction: %w", err)
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
func broadcast(ctx context.Context, service tx.ServiceClient, bz []byte) (string, error) {
	res, err := service.BroadcastTx(ctx, &tx.BroadcastTxRequest{TxBytes: bz, Mode: tx.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return "", fmt.Errorf("broadcast: %w", err)
	}
	r := res.TxResponse
	failed := &TxError{Hash: r.TxHash, Codespace: r.Codespace, Code: r.Code, Log: r.RawLog}
	if r.Code != 0 && !failed.sdk(sdkerrors.ErrTxInMempoolCache) {
		return r.TxHash, failed
	}
	return r.TxHash, nil
}

// await polls for the transaction until it is in a block, and hands it out again when it seems lost.
func (c *Client) await(ctx context.Context, service tx.ServiceClient, hash string, bz []byte) (*TxResult, error) {
	ctx, cancel := context.WithTimeout(ctx, includeTimeout)
	defer cancel()
	again := time.Now().Add(rebroadcastAfter)
	for {
		res, err := service.GetTx(ctx, &tx.GetTxRequest{Hash: hash})
		if err == nil {
			r := res.TxResponse
			if r.Code != 0 {
				return nil, &TxError{Hash: hash, Codespace: r.Codespace, Code: r.Code, Log: r.RawLog}
			}
			return c.result(r)
		}
		if ctx.Err() == nil && status.Code(err) != codes.NotFound && status.Code(err) != codes.Unavailable {
			return nil, fmt.Errorf("transaction %s: %w", hash, err)
		}
		if time.Now().After(again) {
			// An error here says nothing final: the transaction may have entered a block since.
			_, _ = broadcast(ctx, service, bz)
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
