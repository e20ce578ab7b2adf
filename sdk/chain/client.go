// Package chain talks to one chain over gRPC: queries through Conn, transactions through Send. Wallet-side code only: it links no node.
package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

func init() {
	// The SDK renders addresses with process-wide prefixes.
	cfg := sdk.GetConfig()
	cfg.SetBech32PrefixForAccount(Prefix, Prefix+"pub")
	cfg.SetBech32PrefixForValidator(Prefix+"valoper", Prefix+"valoperpub")
	cfg.SetBech32PrefixForConsensusNode(Prefix+"valcons", Prefix+"valconspub")
}

// requestTimeout of one gRPC call: a stalled node must not stall its client.
const requestTimeout = 15 * time.Second

// Config of a connection.
type Config struct {
	// GRPC is host:port of a node, Others those of more nodes, which are asked when it fails.
	GRPC   string
	Others []string
	// ChainID that the node must answer with; empty accepts any.
	ChainID string
	// Register adds message types beyond bank's and TOP's own, e.g. IBC's.
	Register func(codectypes.InterfaceRegistry)
}

// Client of one chain. It is safe for concurrent use.
type Client struct {
	conn     *failover
	registry codectypes.InterfaceRegistry
	codec    *codec.ProtoCodec
	chainID  string

	mu sync.Mutex
	// accounts by address: whoever signs through this client signs in turn.
	accounts map[string]*account
}

// Dial connects to a node and asks it which chain it is on.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if err := c.Identify(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.chainID = c.conn.chainID
	return c, nil
}

// New is a client that asks nobody yet: whoever must start while the chain is down. It needs a ChainID, and each node is asked for its own before anything else.
func New(cfg Config) (*Client, error) {
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	servicestypes.RegisterInterfaces(registry)
	billingtypes.RegisterInterfaces(registry)
	usagetypes.RegisterInterfaces(registry)
	if cfg.Register != nil {
		cfg.Register(registry)
	}
	cdc := codec.NewProtoCodec(registry)
	conn := &failover{chainID: cfg.ChainID}
	for _, address := range append([]string{cfg.GRPC}, cfg.Others...) {
		c, err := grpc.NewClient(address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(cdc.GRPCCodec()), grpc.MaxCallRecvMsgSize(32<<20)),
			grpc.WithUnaryInterceptor(withTimeout),
		)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("gRPC %q: %w", address, err), conn.close())
		}
		conn.peers = append(conn.peers, &peer{address: address, conn: c})
	}
	return &Client{conn: conn, registry: registry, codec: cdc, chainID: cfg.ChainID, accounts: map[string]*account{}}, nil
}

// Identify asks every node which chain it is of: one must answer (ErrUnreachable), and none may be of another chain.
func (c *Client) Identify(ctx context.Context) error { return c.conn.start(ctx) }

// withTimeout bounds every call.
func withTimeout(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return invoke(ctx, method, req, reply, cc, opts...)
}

// Rotate gives the next node its turn: what one keeps to itself another tells.
func (c *Client) Rotate() {
	_, i := c.conn.pick()
	c.conn.leave(i)
}

// Node is the address of the one that is asked now.
func (c *Client) Node() string {
	p, _ := c.conn.pick()
	return p.address
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.close() }

// Conn is for the generated query clients.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }

// ChainID of the connected chain.
func (c *Client) ChainID() string { return c.chainID }

// Registry of the message types that the client knows.
func (c *Client) Registry() codectypes.InterfaceRegistry { return c.registry }

// Height of the newest block.
func (c *Client) Height(ctx context.Context) (int64, error) {
	b, err := c.latest(ctx)
	if err != nil {
		return 0, err
	}
	return b.Header.Height, nil
}

// Time of the newest block.
func (c *Client) Time(ctx context.Context) (time.Time, error) {
	b, err := c.latest(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return b.Header.Time, nil
}

func (c *Client) latest(ctx context.Context) (*cmtservice.Block, error) {
	res, err := cmtservice.NewServiceClient(c.conn).GetLatestBlock(ctx, &cmtservice.GetLatestBlockRequest{})
	if err != nil {
		return nil, err
	}
	if res.SdkBlock == nil {
		return nil, fmt.Errorf("the node has no block yet")
	}
	return res.SdkBlock, nil
}
