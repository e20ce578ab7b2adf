package host

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Handle answers streams of a protocol until the returned function is called, which waits for those that are open: when
// it returns, no handler uses anything any more. Handlers must end soon after ctx does.
func Handle(ctx context.Context, h host.Host, id protocol.ID, serve func(context.Context, network.Stream)) (stop func()) {
	var mu sync.Mutex
	var open sync.WaitGroup
	stopped := false
	h.SetStreamHandler(id, func(s network.Stream) {
		mu.Lock()
		if stopped || ctx.Err() != nil {
			mu.Unlock()
			_ = s.Reset()
			return
		}
		open.Add(1)
		mu.Unlock()
		defer open.Done()
		serve(ctx, s)
	})
	return func() {
		h.RemoveStreamHandler(id)
		mu.Lock()
		stopped = true
		mu.Unlock()
		open.Wait()
	}
}
