package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/topnetwork/top/relayer/edge"
	"github.com/topnetwork/top/relayer/ibc"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// validate the two ends: what could never be dialled, and what would have the relayer take one chain for the other.
func (c Chains) validate() error {
	if err := c.validateMain(); err != nil {
		return err
	}
	if err := validateEnd("chains.service", c.Service); err != nil {
		return err
	}
	if c.Main.ChainID == c.Service.ChainID {
		return fmt.Errorf("chains.main and chains.service are both %s", c.Main.ChainID)
	}
	for _, list := range []struct {
		name          string
		main, service ibc.Addresses
	}{{"rpc", c.Main.RPC, c.Service.RPC}, {"grpc", c.Main.GRPC, c.Service.GRPC}} {
		for _, address := range list.main {
			if slices.Contains(list.service, address) {
				return fmt.Errorf("chains.main.%s and chains.service.%s both name %s: a node is of one chain, give each chain its own nodes", list.name, list.name, address)
			}
		}
	}
	return nil
}

func (c Chains) validateMain() error { return validateEnd("chains.main", c.Main) }

// named tells whether anything is said of a chain.
func named(c ibc.EndpointConfig) bool { return c.ChainID != "" || len(c.RPC) > 0 || len(c.GRPC) > 0 }

func validateEnd(name string, at ibc.EndpointConfig) error {
	if at.ChainID == "" {
		return fmt.Errorf("%s.chain_id is empty, e.g. top-main-1", name)
	}
	if err := servicestypes.ValidateChainID(at.ChainID); err != nil {
		return fmt.Errorf("%s.chain_id: %w", name, err)
	}
	for _, list := range []struct {
		name, example string
		addresses     ibc.Addresses
		validate      func(string) error
	}{{"rpc", "http://127.0.0.1:26657", at.RPC, rpcURL}, {"grpc", "127.0.0.1:9090", at.GRPC, grpcAddress}} {
		if len(list.addresses) == 0 {
			return fmt.Errorf("%s.%s is empty, e.g. %s", name, list.name, list.example)
		}
		for _, address := range list.addresses {
			if err := list.validate(address); err != nil {
				return fmt.Errorf("%s.%s %q: %w, e.g. %s", name, list.name, address, err, list.example)
			}
		}
	}
	return nil
}

// edgeAddresses of an edge: where it listens.
func edgeAddresses(c edge.Config) error {
	taken := map[string]string{}
	for _, own := range []struct{ name, address, example string }{{"rpc", c.RPC, "127.0.0.1:36657"}, {"rest", c.REST, "127.0.0.1:31317"}, {"grpc", c.GRPC, "127.0.0.1:39090"}} {
		if own.address == "" {
			continue
		}
		if err := listenAddress(own.address); err != nil {
			return fmt.Errorf("edge.%s %q: %w, e.g. %s", own.name, own.address, err, own.example)
		}
		if other, there := taken[own.address]; there && !freePort(own.address) {
			return fmt.Errorf("edge.%s and edge.%s are both %s: give each an address of its own", other, own.name, own.address)
		}
		taken[own.address] = own.name
	}
	return nil
}

// freePort tells whether the address leaves the port to the machine.
func freePort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

// rpcURL of a CometBFT node; tcp is what the nodes' own configuration calls plain HTTP.
func rpcURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || !slices.Contains([]string{"http", "https", "tcp"}, u.Scheme) || u.Host == "":
		return errors.New("want a URL that begins with http:// or https://")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("want a URL without query and fragment")
	case u.Port() == "":
		return host(u.Hostname())
	}
	return hostPort(u.Host, 1)
}

func grpcAddress(address string) error { return hostPort(address, 1) }

// hostPort of whom to ask; least is 0 where port 0 means any free one.
func hostPort(address string, least int) error {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want host:port without a scheme")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n < uint64(least) {
		return fmt.Errorf("port %q: want %d to 65535", port, least)
	}
	return host(name)
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$`)

func host(name string) error {
	if net.ParseIP(name) == nil && !hostName.MatchString(name) {
		return fmt.Errorf("host %q: want a host name or an IP address", name)
	}
	return nil
}

// listenAddress of this machine: no host is all of its interfaces.
func listenAddress(address string) error {
	if name, port, err := net.SplitHostPort(address); err == nil && name == "" {
		address = net.JoinHostPort("0.0.0.0", port)
	}
	return hostPort(address, 0)
}
