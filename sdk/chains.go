package sdk

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/types/query"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/sdk/keyfile"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	// keyCapFactor times the credit is what the session key may ever spend: room to add credit without a new key.
	keyCapFactor = 10
	// keyEpochs is how long a session key is good for, keyRenewEpochs how long before that it is replaced.
	keyEpochs      = 100_000
	keyRenewEpochs = 1_000
	// pollChain while waiting for a transaction of the other chain to arrive.
	pollChain = 300 * time.Millisecond
)

// chains is the ledger of a real network.
type chains struct {
	main, service *chain.Client
	key           *chain.Key
	serviceID     string

	registry servicestypes.QueryClient
	billing  billingtypes.QueryClient
	usage    usagetypes.QueryClient
}

func openChains(ctx context.Context, cfg Config) (Ledger, error) {
	if cfg.MainGRPC == "" || cfg.ServiceGRPC == "" {
		return nil, errors.New("sdk: Config.MainGRPC and Config.ServiceGRPC must name a node of each chain as host:port")
	}
	mnemonic, err := loadMnemonic(cfg)
	if err != nil {
		return nil, err
	}
	c := &chains{}
	if c.key, err = chain.FromMnemonic(mnemonic); err != nil {
		return nil, fmt.Errorf("account key: %w", err)
	}
	if c.main, err = chain.Dial(ctx, chain.Config{GRPC: cfg.MainGRPC}); err != nil {
		return nil, fmt.Errorf("main chain at %s: %w", cfg.MainGRPC, err)
	}
	if c.service, err = chain.Dial(ctx, chain.Config{GRPC: cfg.ServiceGRPC}); err != nil {
		return nil, errors.Join(fmt.Errorf("service chain at %s: %w", cfg.ServiceGRPC, err), c.main.Close())
	}
	c.serviceID = c.service.ChainID()
	c.registry = servicestypes.NewQueryClient(c.main.Conn())
	c.billing = billingtypes.NewQueryClient(c.main.Conn())
	c.usage = usagetypes.NewQueryClient(c.service.Conn())
	return c, nil
}

// loadMnemonic answers the configured account, or the one in Home, made at the first start.
func loadMnemonic(cfg Config) (string, error) {
	if cfg.Mnemonic != "" {
		return cfg.Mnemonic, nil
	}
	path := filepath.Join(cfg.Home, "account.mnemonic")
	raw, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(raw)), err
	}
	mnemonic, err := chain.NewMnemonic()
	if err != nil {
		return "", err
	}
	return mnemonic, keyfile.Write(path, []byte(mnemonic+"\n"))
}

func (c *chains) ChainID() string { return c.serviceID }
func (c *chains) Address() string { return c.key.Address() }
func (c *chains) Close() error    { return errors.Join(c.main.Close(), c.service.Close()) }

func (c *chains) Epoch(ctx context.Context) (uint64, error) {
	res, err := c.usage.Epoch(ctx, &usagetypes.QueryEpochRequest{})
	if err != nil {
		return 0, err
	}
	return res.Epoch, nil
}

func (c *chains) Providers(ctx context.Context) ([]Provider, error) {
	var list []Provider
	var page []byte
	for {
		res, err := c.registry.Providers(ctx, &servicestypes.QueryProvidersRequest{
			ChainId: c.serviceID, Pagination: &query.PageRequest{Key: page, Limit: 100},
		})
		if err != nil {
			return nil, err
		}
		for _, p := range res.Providers {
			if p.Status != servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE {
				continue
			}
			prices := map[string]uint64{}
			for _, price := range p.Prices {
				prices[price.Measure] = price.Utop
			}
			list = append(list, Provider{Address: p.Address, Key: p.Key, Endpoints: p.Endpoints, Prices: prices})
		}
		if page = res.Pagination.GetNextKey(); len(page) == 0 {
			return list, nil
		}
	}
}

func notFound(err error) bool { return status.Code(err) == codes.NotFound }

// EnsureCredit works on what the chains say now, so it can be cut off anywhere and called again.
func (c *chains) EnsureCredit(ctx context.Context, sessionKey []byte, amount uint64) error {
	capUtop := keyCap(amount)
	escrow, err := c.escrow(ctx)
	if err != nil {
		return err
	}
	line, err := c.line(ctx)
	if err != nil {
		return err
	}
	credit, err := c.credit(ctx)
	if err != nil {
		return err
	}
	spending, err := c.spending(ctx, sessionKey)
	if err != nil {
		return err
	}
	now, err := c.billing.Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		return err
	}
	if err := canSpend(escrow, sessionKey, spending, now.Epoch, amount); err != nil {
		return err
	}
	// What is on its way counts: only what was spent is missing, and what other keys were allotted.
	unspent := line.Credited - min(line.Credited, line.Released)
	unspent -= min(unspent, credit.Spent)
	unspent -= min(unspent, credit.Allotted-min(credit.Allotted, spending.Allotted))
	missing := amount - min(amount, unspent)
	if missing > escrow.Free {
		if _, err := c.main.Send(ctx, c.key, &billingtypes.MsgDeposit{Owner: c.Address(), Amount: missing - escrow.Free}); err != nil {
			return fmt.Errorf("deposit %d utop (has %s that many?): %w", missing-escrow.Free, c.Address(), err)
		}
	}
	if !hasKey(escrow.SessionKeys, sessionKey) {
		_, err = c.main.Send(ctx, c.key, &billingtypes.MsgAddSessionKey{
			Signer: c.Address(), Owner: c.Address(), Key: sessionKey, CapUtop: capUtop, ExpiresEpoch: now.Epoch + keyEpochs,
		})
		if err != nil {
			return fmt.Errorf("add the session key: %w", err)
		}
	}
	if missing > 0 {
		_, err := c.main.Send(ctx, c.key, &billingtypes.MsgOpenCreditLine{Owner: c.Address(), ChainId: c.serviceID, Amount: missing})
		if err != nil {
			return fmt.Errorf("open the credit line: %w", err)
		}
	}
	return c.arrived(ctx, sessionKey, amount)
}

// canSpend tells whether a key that is listed or was used may spend amount more and goes on for a while; one that is not known yet is about to be added.
func canSpend(escrow billingtypes.Escrow, key []byte, spending usagetypes.KeySpending, epoch, amount uint64) error {
	i := slices.IndexFunc(escrow.SessionKeys, func(k billingtypes.SessionKey) bool { return bytes.Equal(k.Key, key) })
	used := spending.Spent + spending.Reserved
	switch {
	case i < 0 && (hasKey(escrow.PastKeys, key) || used+spending.Allotted > 0):
		return fmt.Errorf("%w: it has ended", ErrSessionKey)
	case i < 0:
		return nil
	case escrow.SessionKeys[i].ExpiresEpoch < epoch+keyRenewEpochs:
		return fmt.Errorf("%w: it expires in epoch %d", ErrSessionKey, escrow.SessionKeys[i].ExpiresEpoch)
	case escrow.SessionKeys[i].CapUtop-min(escrow.SessionKeys[i].CapUtop, used) < amount:
		return fmt.Errorf("%w: %d utop of its cap of %d are used", ErrSessionKey, used, escrow.SessionKeys[i].CapUtop)
	}
	return nil
}

func keyCap(amount uint64) uint64 {
	hi, lo := bits.Mul64(amount, keyCapFactor)
	if hi != 0 {
		return ^uint64(0)
	}
	return lo
}

func hasKey(keys []billingtypes.SessionKey, key []byte) bool {
	for _, k := range keys {
		if bytes.Equal(k.Key, key) {
			return true
		}
	}
	return false
}

// arrived waits until the relayer has brought credit and key to the service chain.
func (c *chains) arrived(ctx context.Context, key []byte, amount uint64) error {
	for {
		credit, err := c.credit(ctx)
		if err == nil && hasKey(credit.SessionKeys, key) {
			var spending usagetypes.KeySpending
			if spending, err = c.spending(ctx, key); err == nil && credit.Credited-min(credit.Credited, credit.Spent+credit.Released+credit.Allotted-min(credit.Allotted, spending.Allotted)) >= amount {
				return nil
			}
		}
		if waitErr := sleep(ctx, pollChain); waitErr != nil {
			return errors.Join(fmt.Errorf("the credit line did not reach %s (is a relayer running?): %w", c.serviceID, waitErr), err)
		}
	}
}

func (c *chains) escrow(ctx context.Context) (billingtypes.Escrow, error) {
	res, err := c.billing.Escrow(ctx, &billingtypes.QueryEscrowRequest{Owner: c.Address()})
	if notFound(err) {
		return billingtypes.Escrow{}, nil
	}
	if err != nil {
		return billingtypes.Escrow{}, err
	}
	return res.Escrow, nil
}

func (c *chains) line(ctx context.Context) (billingtypes.CreditLine, error) {
	var page []byte
	for {
		res, err := c.billing.CreditLines(ctx, &billingtypes.QueryCreditLinesRequest{
			Owner: c.Address(), Pagination: &query.PageRequest{Key: page, Limit: 100},
		})
		if notFound(err) {
			return billingtypes.CreditLine{}, nil
		}
		if err != nil {
			return billingtypes.CreditLine{}, err
		}
		for _, l := range res.CreditLines {
			if l.ChainId == c.serviceID {
				return l, nil
			}
		}
		if page = res.Pagination.GetNextKey(); len(page) == 0 {
			return billingtypes.CreditLine{}, nil
		}
	}
}

func (c *chains) credit(ctx context.Context) (usagetypes.Credit, error) {
	res, err := c.usage.Credit(ctx, &usagetypes.QueryCreditRequest{Owner: c.Address()})
	if notFound(err) {
		return usagetypes.Credit{}, nil
	}
	if err != nil {
		return usagetypes.Credit{}, err
	}
	return res.Credit, nil
}

// Allot implements Ledger.
func (c *chains) Allot(ctx context.Context, sessionKey []byte, provider string, amount uint64) error {
	credit, err := c.credit(ctx)
	if err != nil {
		return err
	}
	// credited = spent + released + releasing + allotted + open; each term is at most credited.
	open := credit.Credited
	for _, taken := range []uint64{credit.Spent, credit.Released, credit.Releasing, credit.Allotted} {
		open -= min(open, taken)
	}
	left, err := c.capLeft(ctx, credit, sessionKey)
	if err != nil {
		return err
	}
	if amount = min(amount, open, left); amount == 0 {
		return ErrCredit
	}
	_, err = c.service.Send(ctx, c.key, &usagetypes.MsgAllot{Owner: c.Address(), Provider: provider, SessionKey: sessionKey, Amount: amount})
	return err
}

// capLeft is what a session key has not promised to anyone.
func (c *chains) capLeft(ctx context.Context, credit usagetypes.Credit, key []byte) (uint64, error) {
	i := slices.IndexFunc(credit.SessionKeys, func(k billingtypes.SessionKey) bool { return bytes.Equal(k.Key, key) })
	if i < 0 {
		return 0, nil
	}
	spending, err := c.spending(ctx, key)
	if err != nil {
		return 0, err
	}
	promised, err := spending.Promised()
	if err != nil {
		return 0, err
	}
	return credit.SessionKeys[i].CapUtop - min(credit.SessionKeys[i].CapUtop, promised), nil
}

// spending of a session key, which is nothing where the service chain has not heard of it.
func (c *chains) spending(ctx context.Context, key []byte) (usagetypes.KeySpending, error) {
	res, err := c.usage.KeySpending(ctx, &usagetypes.QueryKeySpendingRequest{Owner: c.Address(), Key: hex.EncodeToString(key)})
	if notFound(err) {
		return usagetypes.KeySpending{}, nil
	}
	if err != nil {
		return usagetypes.KeySpending{}, err
	}
	return res.Spending, nil
}

// EndKey implements Ledger.
func (c *chains) EndKey(ctx context.Context, sessionKey []byte) error {
	escrow, err := c.escrow(ctx)
	if err != nil {
		return err
	}
	if hasKey(escrow.SessionKeys, sessionKey) {
		if _, err := c.main.Send(ctx, c.key, &billingtypes.MsgRevokeSessionKey{Signer: c.Address(), Owner: c.Address(), Key: sessionKey}); err != nil {
			return fmt.Errorf("revoke the session key: %w", err)
		}
	}
	var page []byte
	for {
		res, err := c.usage.SubLines(ctx, &usagetypes.QuerySubLinesRequest{Owner: c.Address(), Pagination: &query.PageRequest{Key: page, Limit: 100}})
		if err != nil {
			return err
		}
		for _, l := range res.SubLines {
			if !bytes.Equal(l.SessionKey, sessionKey) || l.Amount == l.Reclaiming {
				continue
			}
			msg := &usagetypes.MsgReclaim{Owner: c.Address(), Provider: l.Provider, SessionKey: sessionKey, Amount: l.Amount - l.Reclaiming}
			if _, err := c.service.Send(ctx, c.key, msg); err != nil {
				return fmt.Errorf("reclaim what %s was allotted: %w", l.Provider, err)
			}
		}
		if page = res.Pagination.GetNextKey(); len(page) == 0 {
			return nil
		}
	}
}
