package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// maxBody of an HTTP request in bytes: a transaction of 4 kB in hex, and a batch of some.
	maxBody = 256 << 10
	// maxBatch of RPC calls in one request.
	maxBatch = 20
	// maxMessage of gRPC in bytes: a thousand transactions at their largest, as shards take them.
	maxMessage = maxTransactions * 4200
	// maxTransactions in one message.
	maxTransactions = 1000
	// maxStreams of one gRPC connection, maxHeader of a request in bytes, maxClients: connections of one server.
	maxStreams, maxHeader, maxClients = 128, 16 << 10, 10_000
	// Timeouts of connections: for a request's head, for all of it, for its answer, and without a request.
	headerTimeout, readTimeout, writeTimeout, idleTimeout = 5 * time.Second, 10 * time.Second, 40 * time.Second, time.Minute
	// maxKnown clients, whose rates are remembered.
	maxKnown = 1 << 16
	// shareOf what is in flight that one client may have: a part of it.
	shareOf = 4
	// maxSockets of one client, maxSubscribers and maxSubscriptions of each.
	maxSockets, maxSubscribers, maxSubscriptions = 8, 2000, 5
)

var (
	// errRate: the client asks too often.
	errRate = errors.New("too many requests of this address; wait a second")
	// errBusy: everybody asks too much.
	errBusy = errors.New("the edge has too much to do; wait a second")
)

// limits of what clients may ask at once and for long.
type limits struct {
	rate     rate.Limit
	burst    int
	inFlight int
	refused  func(why string)

	mu    sync.Mutex
	known *lru.LRU[netip.Prefix, *visitor]
	busy  int
}

// visitor is a client: an IPv4 address, or a network of IPv6 ones that one household has.
type visitor struct {
	tokens        *rate.Limiter
	busy, sockets int
}

func newLimits(cfg Config, refused func(why string)) (*limits, error) {
	known, err := lru.NewLRU[netip.Prefix, *visitor](maxKnown, nil)
	return &limits{rate: rate.Limit(cfg.Rate), burst: cfg.Burst, inFlight: cfg.InFlight, refused: refused, known: known}, err
}

// clientOf a connection's remote address.
func clientOf(remote string) netip.Prefix {
	a, ok := addressOf(remote)
	if !ok {
		return netip.Prefix{}
	}
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// of a remote address. The mutex is held.
func (l *limits) of(remote string) *visitor {
	key := clientOf(remote)
	c, ok := l.known.Get(key)
	if !ok {
		c = &visitor{tokens: rate.NewLimiter(l.rate, l.burst)}
		l.known.Add(key, c)
	}
	return c
}

// admit a request of so many questions, which is done when the function is called.
func (l *limits) admit(remote string, cost int) (done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.of(remote)
	switch {
	// What costs more than the whole burst would never be let in.
	case !c.tokens.AllowN(time.Now(), min(cost, l.burst)):
		l.refused("rate")
		return nil, errRate
	case l.busy >= l.inFlight, c.busy >= max(l.inFlight/shareOf, 1):
		l.refused("busy")
		return nil, errBusy
	}
	l.busy++
	c.busy++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.busy--
		c.busy--
	}, nil
}

// socket of a client, which is closed when the function is called.
func (l *limits) socket(remote string) (closed func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.of(remote)
	if c.sockets >= maxSockets {
		l.refused("sockets")
		return nil, errRate
	}
	c.sockets++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.sockets--
	}, nil
}

// refused is a limit as an answer of gRPC.
func refused(err error) error {
	if errors.Is(err, errBusy) {
		return status.Error(codes.Unavailable, err.Error())
	}
	return status.Error(codes.ResourceExhausted, err.Error())
}

// httpRefused is a limit as an answer of HTTP.
func httpRefused(w http.ResponseWriter, err error) {
	code := http.StatusTooManyRequests
	if errors.Is(err, errBusy) {
		code = http.StatusServiceUnavailable
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, err.Error(), code)
}

// http requests within the limits. A batch costs what its calls would.
func (l *limits) http(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
				return
			}
			http.Error(w, "the request cannot be read", http.StatusBadRequest)
			return
		}
		cost := 1
		var batch []json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) && json.Unmarshal(body, &batch) == nil {
			if cost = max(len(batch), 1); cost > maxBatch {
				http.Error(w, "the batch is too large", http.StatusRequestEntityTooLarge)
				return
			}
		}
		done, err := l.admit(r.RemoteAddr, cost)
		if err != nil {
			httpRefused(w, err)
			return
		}
		defer done()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
