// Package directory is what a host of shards tells of them to other hosts, and to routers and edges: GET /shards (node/hosting, README).
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/protocol/trie"
)

const (
	// Path of the answer.
	Path = "/shards"
	// Scheme before that of an endpoint that a node registers for its directory: shards+http://HOST:PORT.
	Scheme = "shards+"

	// Genesis and Accounts that a shard began with, as files below Path/CHAIN-ID.
	Genesis, Accounts = "genesis.json", "accounts"
	// Half before them is the folder of what a shard leaves to become one with its sibling.
	Half = "heritage/whole/"
	// filesAtOnce that are served, and how long one may take.
	filesAtOnce = 4
	fileTimeout = time.Hour

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
	// State of its process: waiting, starting, syncing, running, stopping (node/hosting).
	State string `json:"state"`
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

// Serve a directory until the context ends, and what each shard began with and has left as a half (Half), by its chain id: a folder with Genesis and, where there is one, Accounts; "" where there is none.
func Serve(ctx context.Context, l net.Listener, read func() Directory, began, left func(chainID string) (folder string)) error {
	mux := http.NewServeMux()
	turn := make(chan struct{}, filesAtOnce)
	for _, name := range []string{Genesis, Accounts, Half + Genesis, Half + Accounts} {
		in := began
		if strings.HasPrefix(name, Half) {
			in = left
		}
		mux.HandleFunc("GET "+Path+"/{shard}/"+name, func(w http.ResponseWriter, r *http.Request) {
			folder := ""
			if _, err := trie.ParseName(r.PathValue("shard")); err == nil {
				folder = in(r.PathValue("shard"))
			}
			if folder == "" {
				http.Error(w, "no such shard here", http.StatusNotFound)
				return
			}
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
			default:
				http.Error(w, "others are being served: ask again", http.StatusServiceUnavailable)
				return
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileTimeout))
			http.ServeFile(w, r, filepath.Join(folder, strings.TrimPrefix(name, Half)))
		})
	}
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, _ *http.Request) {
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

// Read the directory of a host. Entries that cannot be are left out.
func Read(ctx context.Context, base string) (Directory, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+Path, nil)
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
	return parse(io.LimitReader(res.Body, maxAnswer))
}

// parse of another host.
func parse(r io.Reader) (Directory, error) {
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

// Fetch a file that a shard began with, or has left, of a host at base, of so many bytes at most.
func Fetch(ctx context.Context, base, chainID, name, path string, most int64) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+Path+"/"+chainID+"/"+name, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", req.URL, fs.ErrNotExist)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(res.Body, most+1))
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil && n > most {
		err = fmt.Errorf("%s has more than %d bytes", req.URL, most)
	}
	return err
}

// Of the endpoints that a node has registered.
func Of(endpoints []string) (list []string) {
	for _, e := range endpoints {
		if base, ok := strings.CutPrefix(e, Scheme); ok && config.CheckDirectory(base) == nil {
			list = append(list, strings.TrimSuffix(base, "/"))
		}
	}
	return list
}
