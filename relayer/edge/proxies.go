package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// forwardedHeader in which proxies write for whom they ask, the last one last; gRPC's metadata has it in lower case.
const forwardedHeader = "X-Forwarded-For"

// proxies are networks of those whose word on who their client is counts. Anybody else could claim to be many clients.
type proxies []netip.Prefix

func parseProxies(list []string) (p proxies, err error) {
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		if a, addrErr := netip.ParseAddr(text); addrErr == nil {
			network, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("edge.proxies: %q is no address and no network, e.g. 127.0.0.1 or 10.0.0.0/8", text)
		}
		p = append(p, network.Masked())
	}
	return p, nil
}

func (p proxies) has(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// client for whom a connection asks: whoever has connected, or, where that is a proxy, the last one in its header who is none. What stands before that, anybody can have written.
func (p proxies) client(remote string, forwarded []string) string {
	if a, ok := addressOf(remote); !ok || !p.has(a) {
		return remote
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := addressOf(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		remote = a.String()
		if !p.has(a) {
			break
		}
	}
	return remote
}

// addressOf host:port or a host.
func addressOf(remote string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return a.Unmap(), err == nil
}

// peerKey of a request's context: the address that has connected, where it asks for another one.
type peerKey struct{}

// http requests whose remote address is the client's.
func (p proxies) http(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := r.WithContext(context.WithValue(r.Context(), peerKey{}, r.RemoteAddr))
		asks.RemoteAddr = p.client(r.RemoteAddr, r.Header.Values(forwardedHeader))
		next.ServeHTTP(w, asks)
	})
}

// grpc is the client of a call.
func (p proxies) grpc(ctx context.Context) string {
	at, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	return p.client(at.Addr.String(), incoming.Get(forwardedHeader))
}

// sockets are the clients of WebSockets that came by a proxy: CometBFT names a socket by the address that has connected.
type sockets struct{ clients sync.Map }

// open a socket: until the function is called, its client is known.
func (s *sockets) open(r *http.Request) (closed func()) {
	at, ok := r.Context().Value(peerKey{}).(string)
	if !ok {
		return func() {}
	}
	s.clients.Store(at, r.RemoteAddr)
	return func() { s.clients.Delete(at) }
}

// client of a socket.
func (s *sockets) client(remote string) string {
	if c, ok := s.clients.Load(remote); ok {
		return c.(string) //nolint:forcetypeassert // What is stored above.
	}
	return remote
}
