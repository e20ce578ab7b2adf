package localnet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/sdk/chain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// Price of a purse's payment in utop, at least. One is a little more than the one before: that one of them is lost and another credited twice shows in the sum, too.
	Price, steps = 1_000_000, 10_000
	// betweenPayments, and after one that was refused, a purse waits so long.
	betweenPayments = 300 * time.Millisecond
	// inABlock within so long a payment is, or it is made anew.
	inABlock = 20 * time.Second
)

// Purse of a wallet that pays by the edge. As wallets do, it asks for its account before it signs.
type Purse struct {
	Address string
	private *secp256k1.PrivKey
	key     lattice.Key
	conn    *grpc.ClientConn
	auth    authtypes.QueryClient
	bank    banktypes.QueryClient
	tx      txtypes.ServiceClient

	mu sync.Mutex
	// payments that were executed, by the account's number and sequence; number is the highest for which one was, last how the last one ended; since is when the last executed one ended, and longest the longest time between two of them.
	payments int
	number   uint64
	last     error
	since    time.Time
	longest  time.Duration
}

// NewPurse of a wallet's key.
func NewPurse(edge Edge, key Key) (*Purse, error) {
	secret, err := hd.Secp256k1.Derive()(key.Mnemonic, "", chain.Path)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(edge.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	p := &Purse{Address: key.Address, conn: conn, private: &secp256k1.PrivKey{Key: secret}, auth: authtypes.NewQueryClient(conn), bank: banktypes.NewQueryClient(conn), tx: txtypes.NewServiceClient(conn)}
	p.key, err = lattice.NewKey(lattice.Secp256k1, p.private.PubKey().Bytes())
	return p, err
}

// Close its connection.
func (p *Purse) Close() error { return p.conn.Close() }

// Pay again and again until ctx ends. A payment counts when the account's sequence says that it is in a block.
func (p *Purse) Pay(ctx context.Context, to string) {
	p.mu.Lock()
	p.since = time.Now()
	p.mu.Unlock()
	for ctx.Err() == nil {
		err := p.once(ctx, to)
		p.mu.Lock()
		p.last = err
		p.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(betweenPayments):
		}
	}
}

func (p *Purse) once(ctx context.Context, to string) error {
	before, err := p.account(ctx)
	if err != nil {
		return err
	}
	address, err := sendtx.Address(to)
	if err != nil {
		return err
	}
	tx := sendtx.New(lattice.Transfer{To: address, Key: p.key, Sequence: before.Sequence, Amount: lattice.Balance{Utop: Price + before.Sequence%steps}}, "")
	signature, err := p.private.Sign(tx.SignBytesAs(latticetypes.Network, before.AccountNumber))
	if err != nil {
		return err
	}
	res, err := p.tx.BroadcastTx(ctx, &txtypes.BroadcastTxRequest{TxBytes: tx.Signed(signature), Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return err
	}
	if res.TxResponse.Code != 0 {
		return fmt.Errorf("refused (%d): %s", res.TxResponse.Code, res.TxResponse.RawLog)
	}
	for end := time.Now().Add(inABlock); time.Now().Before(end) && ctx.Err() == nil; {
		after, err := p.account(ctx)
		if err == nil && after.AccountNumber == before.AccountNumber && after.Sequence > before.Sequence {
			p.mu.Lock()
			p.payments++
			now := time.Now()
			p.longest, p.since = max(p.longest, now.Sub(p.since)), now
			p.number = max(p.number, after.AccountNumber)
			p.mu.Unlock()
			return nil
		}
		if err == nil && after.AccountNumber != before.AccountNumber {
			return fmt.Errorf("the shard was restarted: the payment counts no more")
		}
		time.Sleep(betweenPayments / 3)
	}
	return fmt.Errorf("payment %d is in no block", before.Sequence)
}

func (p *Purse) account(ctx context.Context) (*authtypes.BaseAccount, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	res, err := p.auth.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: p.Address})
	if err != nil {
		return nil, err
	}
	return res.Info, nil
}

// Balance in utop.
func (p *Purse) Balance(ctx context.Context) (uint64, error) {
	res, err := p.bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: p.Address, Denom: Denom})
	if err != nil {
		return 0, err
	}
	return res.Balance.Amount.Uint64(), nil
}

// Count of the payments that were executed.
func (p *Purse) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.payments
}

// Paid so often.
func (p *Purse) Paid(n int) func(context.Context) error {
	return func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.payments < n {
			return fmt.Errorf("%d payments of %d, the last one: %w", p.payments, n, p.last)
		}
		return nil
	}
}

// PaidAs an account of this number a payment was executed.
func (p *Purse) PaidAs(number uint64) func(context.Context) error {
	return func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.number < number {
			return fmt.Errorf("payments count for account number %d, the last one: %w", p.number, p.last)
		}
		return nil
	}
}

// Longest time without an executed payment, up to the last one, since Pay began or since this was asked last.
func (p *Purse) Longest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := p.longest
	p.longest = 0
	return longest
}
