package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// Only the word of a proxy counts, and of that what the last proxy wrote: the rest anybody can have written.
func TestClientsBehindProxies(t *testing.T) {
	p, err := parseProxies([]string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		client    string
	}{
		"no proxy":             {"192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1:5"},
		"a proxy's own":        {"127.0.0.1:5", nil, "127.0.0.1:5"},
		"a client's":           {"127.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		"in IPv6":              {"127.0.0.1:5", []string{"2001:db8::1"}, "2001:db8::1"},
		"a mapped proxy":       {"[::ffff:127.0.0.1]:5", []string{"[2001:db8::1]:7"}, "2001:db8::1"},
		"two proxies":          {"10.1.2.3:5", []string{"198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"two headers":          {"10.1.2.3:5", []string{"198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		"a client that claims": {"127.0.0.1:5", []string{"203.0.113.5, 198.51.100.1"}, "198.51.100.1"},
		"rubbish":              {"127.0.0.1:5", []string{"198.51.100.1, someone"}, "127.0.0.1:5"},
		"rubbish before":       {"127.0.0.1:5", []string{"someone, fd00::1"}, "fd00::1"},
		"no address":           {"@", []string{"198.51.100.1"}, "@"},
	} {
		require.Equal(t, c.client, p.client(c.remote, c.forwarded), name)
	}
	none, err := parseProxies(nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:5", none.client("127.0.0.1:5", []string{"198.51.100.1"}), "nobody is trusted that was not named")
	for _, wrong := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0.1:80"} {
		_, err := parseProxies([]string{wrong})
		require.ErrorContains(t, err, "edge.proxies", wrong)
	}

	at, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", nil)
	require.NoError(t, err)
	ctx := peer.NewContext(at.Context(), &peer.Peer{Addr: testAddr("127.0.0.1:5")})
	require.Equal(t, "198.51.100.1", p.grpc(metadata.NewIncomingContext(ctx, metadata.Pairs("x-forwarded-for", "198.51.100.1"))))
}

type testAddr string

func (testAddr) Network() string  { return "tcp" }
func (a testAddr) String() string { return string(a) }

// Two clients behind one proxy have a rate each, over HTTP and WebSocket; by the same proxy where it is not named they have one together.
func TestLimitsBehindAProxy(t *testing.T) {
	table := parse(t, "- all\n")
	for _, trusted := range []bool{true, false} {
		cfg := testConfig(t, newFake(t, "all", table, began))
		cfg.Rate, cfg.Burst = 1, 4
		if trusted {
			cfg.Proxies = []string{"127.0.0.1"}
		}
		edge := start(t, cfg)
		client := ""
		proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: edge.RPC})
			r.Out.Header.Set("X-Forwarded-For", client)
		}})
		defer proxy.Close()
		get := func() int {
			res, err := http.Get(proxy.URL + "/health")
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			return res.StatusCode
		}
		client = "198.51.100.1"
		for range 4 {
			require.Equal(t, http.StatusOK, get())
		}
		require.Equal(t, http.StatusTooManyRequests, get())
		client = "198.51.100.2"
		if !trusted {
			require.Equal(t, http.StatusTooManyRequests, get())
			continue
		}
		require.Equal(t, http.StatusOK, get())
		socket, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(proxy.URL, "http")+"/websocket", nil)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		ask := func() string {
			require.NoError(t, socket.WriteMessage(websocket.TextMessage, []byte(`{"jsonrpc":"2.0","id":1,"method":"health","params":{}}`)))
			_, answer, err := socket.ReadMessage()
			require.NoError(t, err)
			return string(answer)
		}
		// Two tokens are left, and perhaps one more by now.
		refused := false
		for range 4 {
			refused = strings.Contains(ask(), "too many requests")
		}
		require.True(t, refused, "what is asked over a WebSocket is its client's")
		client = "198.51.100.3"
		require.Equal(t, http.StatusOK, get())
		require.NoError(t, socket.Close())
	}
}
