package hosting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/protocol/trie"
)

const (
	// directoryPath of the answer.
	directoryPath = "/shards"
	// Scheme before that of an endpoint that a node registers for its directory: shards+http://HOST:PORT.
	Scheme = "shards+"

	// maxAnswer bytes and maxEntries of another host's directory.
	maxAnswer, maxEntries = 1 << 20, 512
)

// Directory is what a host tells of its shards.
type Directory struct {
	Operator string  `json:"operator"`
	Shards   []Entry `json:"shards"`
}

// Entry of a directory: one shard.
type Entry struct {
	ChainID string `json:"chain_id"`
	Role    string `json:"role"`
	// P2P is NODE_ID@HOST:PORT, RPC and REST are URLs, GRPC is HOST:PORT.
	P2P  string `json:"p2p"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	REST string `json:"rest"`
	// Height of its last block.
	Height int64 `json:"height"`
	State  State `json:"state"`
	// Snapshots: nodes that join can have one of its state.
	Snapshots bool `json:"snapshots"`
	// Starts of its process since the host began, and PID of it; 0 without one.
	Starts int `json:"starts"`
	PID    int `json:"pid"`
	// Error says why it does not run; empty while it does.
	Error string `json:"error"`
}

// check what another host says: it goes into configuration files.
func (e Entry) check() error {
	if _, err := trie.ParseName(e.ChainID); err != nil {
		return err
	}
	if err := config.CheckPeer(e.P2P); err != nil {
		return err
	}
	u, err := url.Parse(e.RPC)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" || u.Path != "" || e.RPC != u.Scheme+"://"+u.Host || config.CheckHost(u.Hostname()) != nil {
		return fmt.Errorf("rpc %.100q, want http://HOST:PORT", e.RPC)
	}
	if e.Height < 0 {
		return fmt.Errorf("height %d", e.Height)
	}
	return nil
}

// serveDirectory until the context ends.
func serveDirectory(ctx context.Context, l net.Listener, read func() Directory) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+directoryPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(read())
	})
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ReadDirectory of another host. Entries that cannot be are left out.
func ReadDirectory(ctx context.Context, base string) (Directory, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+directoryPath, nil)
	if err != nil {
		return Directory{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Directory{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return Directory{}, fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	return parseDirectory(io.LimitReader(res.Body, maxAnswer))
}

// parseDirectory of another host.
func parseDirectory(r io.Reader) (Directory, error) {
	var d Directory
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return Directory{}, err
	}
	good := make([]Entry, 0, min(len(d.Shards), maxEntries))
	for _, e := range d.Shards[:min(len(d.Shards), maxEntries)] {
		if e.check() == nil {
			good = append(good, e)
		}
	}
	d.Shards = good
	return d, nil
}

// directoriesOf endpoints that a node has registered.
func directoriesOf(endpoints []string) (list []string) {
	for _, e := range endpoints {
		if base, ok := strings.CutPrefix(e, Scheme); ok && config.CheckDirectory(base) == nil {
			list = append(list, strings.TrimSuffix(base, "/"))
		}
	}
	return list
}
