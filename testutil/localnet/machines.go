package localnet

import (
	"slices"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
)

// makeMachines for the main nodes: a network namespace each, at a switch with this program's.
func (n *Network) makeMachines() (err error) {
	if reason := fault.NoSwitch(); reason != "" {
		n.cfg.Logf("all hosts share this machine's loopback: %s", reason)
		return nil
	}
	n.machines, err = fault.NewSwitch(n.cfg.Validators)
	return err
}

// on its machine a main node starts; everything else, and where there are no machines, here.
func (n *Network) on(name string, spec process.Spec) process.Spec {
	if n.machines == nil || n.Main == nil {
		return spec
	}
	if i := slices.IndexFunc(n.Main.Nodes, func(node Node) bool { return node.Name == name }); i >= 0 && i < len(n.machines.Ports) {
		spec.Path, spec.Args = n.machines.Ports[i].Command(spec.Path, spec.Args...)
	}
	return spec
}

// closeMachines when nothing runs on them any more.
func (n *Network) closeMachines() error {
	if n.machines == nil {
		return nil
	}
	s := n.machines
	n.machines = nil
	return s.Close()
}
