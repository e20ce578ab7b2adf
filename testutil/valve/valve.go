// Package valve kills a router at a step of its choice: right before, or right after, it hands a kind of transaction to a node.
package valve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/testutil/fault"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const broadcastMethod = "/cosmos.tx.v1beta1.Service/BroadcastTx"

// Valves stand before the nodes that a router asks, and let all through but for what is trapped.
type Valves struct {
	// Fired with what the killing answered.
	Fired chan error

	kill func() error
	// ctx of the directories; end stops them.
	ctx context.Context
	end context.CancelFunc

	mu sync.Mutex
	// opened valves by the address of the node behind them.
	opened map[string]*fault.GRPC
	// kind of transaction at which kill is called: before it gets to the node, or after, so that nobody hears the answer.
	kind  string
	after bool
	seen  map[string]int
}

// New valves that call kill where something is trapped. The caller closes them.
func New(kill func() error) *Valves {
	v := &Valves{kill: kill, Fired: make(chan error, 1), opened: map[string]*fault.GRPC{}, seen: map[string]int{}}
	v.ctx, v.end = context.WithCancel(context.Background())
	return v
}

// Trap the next transaction of a kind.
func (v *Valves) Trap(kind string, after bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kind, v.after = kind, after
}

// Seen kinds, and how often.
func (v *Valves) Seen() map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.seen)
}

// Open a valve before a node's gRPC: the address it has. One node has one.
func (v *Valves) Open(node string) (address string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.opened[node]
	if !ok {
		if p, err = fault.NewGRPC(node, v.hook); err != nil {
			return "", err
		}
		v.opened[node] = p
	}
	return p.Address, nil
}

// Directory like that of a host, whose shards' nodes are behind valves: its URL.
func (v *Valves) Directory(host string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	nothing := func(string) string { return "" }
	read := func() directory.Directory {
		d, err := directory.Read(v.ctx, host)
		if err != nil {
			return directory.Directory{}
		}
		for i := range d.Shards {
			if address, err := v.Open(d.Shards[i].GRPC); err == nil {
				d.Shards[i].GRPC = address
			}
		}
		return d
	}
	go func() { _ = directory.Serve(v.ctx, l, read, nothing, nothing) }()
	return "http://" + l.Addr().String(), nil
}

// Close all valves and directories.
func (v *Valves) Close() error {
	v.end()
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	for _, p := range v.opened {
		err = errors.Join(err, p.Close())
	}
	return err
}

// hook of every valve.
func (v *Valves) hook(_ context.Context, c fault.Call) error {
	if c.Method != broadcastMethod || !v.meets(kindOf(c.Request), c.Answered) {
		return nil
	}
	v.Fired <- v.kill()
	return status.Error(codes.Unavailable, "the router is dead")
}

// meets a transaction: whether it is trapped, which it is once.
func (v *Valves) meets(kind string, answered bool) (trapped bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !answered {
		v.seen[kind]++
	}
	if trapped = kind == v.kind && answered == v.after; trapped {
		v.kind = ""
	}
	return trapped
}

// kindOf a transaction: what is carried to a shard, or the name of the first message to the main chain.
func kindOf(req []byte) string {
	var broadcast txtypes.BroadcastTxRequest
	if proto.Unmarshal(req, &broadcast) != nil {
		return ""
	}
	if latticetypes.IsCarried(broadcast.TxBytes) {
		c, err := latticetypes.DecodeCarried(broadcast.TxBytes)
		if err != nil {
			return ""
		}
		return strings.TrimPrefix(fmt.Sprintf("%T", c.Content), "*types.Carried_")
	}
	var tx txtypes.Tx
	if proto.Unmarshal(broadcast.TxBytes, &tx) != nil || tx.Body == nil || len(tx.Body.Messages) == 0 {
		return ""
	}
	url := tx.Body.Messages[0].TypeUrl
	return url[strings.LastIndex(url, ".")+1:]
}
