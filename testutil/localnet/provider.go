package localnet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/topnetwork/top/node/process"
)

// Provider is a messaging provider.
type Provider struct {
	Key
	Home string
	// Port of its libp2p listener, the same after a restart: its registered endpoint stays true.
	Port int
}

// Status is what a relayer process writes when it is up.
type Status struct {
	PID     int      `json:"pid"`
	PeerID  string   `json:"peer_id"`
	Listen  []string `json:"listen"`
	Metrics string   `json:"metrics"`
	Address string   `json:"address"`
	// Idle says by role why it does not do its work.
	Idle map[string]string `json:"idle"`
}

// read fails until the process with that pid has written that it works: an older file is a dead process's.
func (s *Status) read(home string, pid int) error {
	bz, err := os.ReadFile(filepath.Join(home, "status.json"))
	if err != nil {
		return err
	}
	*s = Status{}
	if err := json.Unmarshal(bz, s); err != nil {
		return err
	}
	if s.PID != pid {
		return fmt.Errorf("status.json is of pid %d, not of %d", s.PID, pid)
	}
	if len(s.Idle) > 0 {
		return fmt.Errorf("pid %d is idle: %v", pid, s.Idle)
	}
	return nil
}

// providerConfig of the demo's prices: a message costs 100 utop and 10 per KiB.
const providerConfig = `provider:
  key: %s
  identity: identity.key
  listen: ["/ip4/127.0.0.1/tcp/%d"]
  service: %s
  prices: {message: 100, kib: 10}
  tick: 10
  float: 2000
  voucher: 10000
  deposit: 1000000
  data: data
  retention: 72h
metrics: "127.0.0.1:0"
status_file: status.json
`

func (n *Network) startProviders(ctx context.Context) error {
	base, err := FreeBlock(len(n.Providers))
	if err != nil {
		return err
	}
	for i, p := range n.Providers {
		p.Home, p.Port = filepath.Join(n.Dir, p.Name), base+i
		if _, err := n.writeFile(filepath.Join(p.Name, "config.yaml"), n.chainsConfig()+fmt.Sprintf(providerConfig, p.Name, p.Port, ServiceType)); err != nil {
			return err
		}
		if err := n.addKey(ctx, p.Home, p.Key); err != nil {
			return err
		}
		if _, err := n.launch(p.Name, RoleProvider, ServiceChainID, p.Home, process.Spec{
			Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", p.Home},
		}); err != nil {
			return err
		}
	}
	for _, p := range n.Providers {
		if err := n.ProviderReady(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// ProviderReady waits until a provider's process is up and both chains know the provider.
func (n *Network) ProviderReady(ctx context.Context, p *Provider) error {
	proc := n.Process(p.Name)
	needs := []*process.Process{proc, n.Process(RelayerName)}
	if err := n.await(ctx, p.Name, func(context.Context) error {
		var status Status
		return status.read(p.Home, proc.Pid())
	}, needs...); err != nil {
		return err
	}
	for _, known := range []struct {
		chain *Chain
		path  string
	}{
		{n.Main, "/top/services/v1/chains/" + ServiceChainID + "/providers/" + p.Address},
		{n.Service, "/top/usage/v1/providers/" + p.Address},
	} {
		if err := n.await(ctx, fmt.Sprintf("%s on %s", p.Name, known.chain.ID), func(ctx context.Context) error {
			var answer map[string]any
			return known.chain.REST().Get(ctx, known.path, &answer)
		}, needs...); err != nil {
			return err
		}
	}
	return nil
}
