package bench

import (
	"context"
	"errors"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
)

// The network that settle, relay and message share.
const (
	scenePayers = 8
	sceneTalks  = 2
	// sceneEpoch in blocks: long enough to measure messages within one.
	sceneEpoch = 40
	// stepTimeout bounds the wait for what takes blocks, not epochs.
	stepTimeout = 2 * time.Minute
)

// scene is a local network with one provider, seen through both chains.
type scene struct {
	*localnet.Network
	*run
	cfg           localnet.Config
	main, service *chain.Client
	mainRPC       *rpchttp.HTTP
	serviceRPC    *rpchttp.HTTP
	// payers have escrows, session keys and credit once somebody needs them.
	payers []*payer
}

func newScene(ctx context.Context, r *run) (_ *scene, err error) {
	cfg := r.Network
	cfg.Dir = NetworkDirs(cfg.Dir)[0]
	cfg.Providers, cfg.Users, cfg.EpochBlocks = 1, scenePayers+sceneTalks, sceneEpoch
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &scene{Network: n, run: r, cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.main, err = chain.Dial(ctx, chain.Config{GRPC: n.Main.Nodes[0].GRPC, ChainID: n.Main.ID}); err != nil {
		return nil, err
	}
	if s.service, err = chain.Dial(ctx, chain.Config{GRPC: n.Service.Nodes[0].GRPC, ChainID: n.Service.ID}); err != nil {
		return nil, err
	}
	if s.mainRPC, err = rpchttp.New(n.Main.Nodes[0].RPC, "/websocket"); err != nil {
		return nil, err
	}
	s.serviceRPC, err = rpchttp.New(n.Service.Nodes[0].RPC, "/websocket")
	return s, err
}

func (s *scene) close() error {
	var errs []error
	for _, c := range []*chain.Client{s.main, s.service} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(append(errs, s.Network.Stop())...)
}

// chainProcesses are the nodes of both chains.
func (s *scene) chainProcesses() []*process.Process {
	return append(s.Processes(localnet.RoleMainNode), s.Processes(localnet.RoleServiceNode)...)
}

// await waits for a condition, at most for timeout.
func (s *scene) await(ctx context.Context, timeout time.Duration, what string, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return process.Await(ctx, what, condition, s.Processes("")...)
}
