package localnet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/topnetwork/top/testutil/fault"
)

// ends of a link: the names of the node that dials and the node that listens.
type ends struct{ from, to string }

// wire a chain's nodes: each reaches each other by a link alone, so that a part of them can be cut off. Peers are named, not exchanged: nobody learns another way.
func (n *Network) wire(c *Chain) error {
	for _, from := range c.Nodes {
		for _, to := range c.Nodes {
			if from.Name == to.Name {
				continue
			}
			_, address, _ := strings.Cut(to.P2P, "@")
			link, err := fault.NewLink(address)
			if err != nil {
				return err
			}
			n.links[ends{from.Name, to.Name}] = link
		}
	}
	return nil
}

// peerFlags lead a node to the others of its chain.
func (n *Network) peerFlags(c *Chain, node Node) []string {
	var peers []string
	for _, to := range c.Nodes {
		if link := n.links[ends{node.Name, to.Name}]; link != nil {
			id, _, _ := strings.Cut(to.P2P, "@")
			peers = append(peers, id+"@"+link.Address)
		}
	}
	return []string{"--p2p.persistent_peers", strings.Join(peers, ","), "--p2p.pex=false"}
}

// Cut nodes off from the others of their chains: they run, and answer their clients, but no byte passes between them and the rest. Among themselves they are
// connected. The network must be Cuttable; nodes that joined it later are not behind links.
func (n *Network) Cut(nodes ...string) error {
	return n.around(nodes, (*fault.Link).Cut)
}

// Mend ends what Cut began for the same nodes.
func (n *Network) Mend(nodes ...string) error {
	return n.around(nodes, (*fault.Link).Mend)
}

// around does something to every link that leads into or out of a part.
func (n *Network) around(part []string, do func(*fault.Link)) error {
	if !n.cfg.Cuttable {
		return errors.New("nodes are connected directly: start the network with Cuttable")
	}
	for _, name := range part {
		if n.Process(name) == nil {
			return fmt.Errorf("no process is named %q", name)
		}
	}
	for e, link := range n.links {
		if slices.Contains(part, e.from) != slices.Contains(part, e.to) {
			do(link)
		}
	}
	return nil
}

func (n *Network) unwire() error {
	var errs []error
	for _, link := range n.links {
		errs = append(errs, link.Close())
	}
	n.links = map[ends]*fault.Link{}
	return errors.Join(errs...)
}
