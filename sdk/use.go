package sdk

import (
	"context"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/topnetwork/top/protocol/voucher"
)

// What a service of any type is built on; Messenger is built on the same.

// Providers are the active ones of the service chain.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	return c.dir.all(ctx, directoryAge)
}

// Dial opens a stream to the provider with that key.
func (c *Client) Dial(ctx context.Context, provider []byte, id protocol.ID) (network.Stream, error) {
	return c.dir.dial(ctx, provider, id)
}

// Use pays a provider for usage, sorted by measure, and does what it is for: sessions, ticks, vouchers and allotments are the client's affair. do gets the id of
// the session that pays and answers whether the provider charged it; an error that is a refusal (protocol/refusal) means that it did not. ref names the usage in the
// client's state. do may be called several times.
func (c *Client) Use(ctx context.Context, provider []byte, usage []*voucher.Usage, ref string, do func(ctx context.Context, session [32]byte) (charged bool, err error)) error {
	return c.purse.use(ctx, provider, usage, ref, do)
}
