package localchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/topnetwork/top/node/process"
)

// stopGrace is how long a node may take to end by itself.
const stopGrace = 20 * time.Second

// Run starts every node of a network that `testnet init-files` wrote and ends them when ctx ends. A node that dies takes the others with it: the network is not what was asked for.
func Run(ctx context.Context, dir string, progress io.Writer) error {
	summary, err := Load(dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	died := make(chan *process.Process, len(summary.Nodes))
	var nodes []*process.Process
	defer func() {
		for _, n := range nodes {
			_ = n.Signal(syscall.SIGTERM)
		}
		for _, n := range nodes {
			_ = n.Stop(stopGrace)
		}
	}()
	for i, endpoints := range summary.Nodes {
		n, err := process.Start(process.Spec{
			Name: fmt.Sprintf("node%d", i), Path: self, Args: []string{"start", "--home", endpoints.Home}, Log: filepath.Join(endpoints.Home, "node.log"),
		})
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
		go func() { //determinism: a command of the operator, not a state machine
			<-n.Done()
			died <- n
		}()
		fmt.Fprintf(progress, "node%d pid %d: RPC %s, REST %s, gRPC %s, log %s\n", i, n.Pid(), endpoints.RPC, endpoints.REST, endpoints.GRPC, n.Spec.Log)
	}
	select {
	case <-ctx.Done():
		return nil
	case n := <-died:
		if ctx.Err() != nil {
			return nil
		}
		return errors.Join(errors.New("a node ended; the network is stopped"), n.Exited())
	}
}
