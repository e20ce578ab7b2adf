package home

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/viper"
)

// Ports a node listens on.
type Ports struct {
	P2P, RPC, GRPC, REST int
}

// PortsPerNode keeps the ports of neighbouring nodes apart and readable: base, base+10, base+20 …
const PortsPerNode = 10

// Allocate gives each of n nodes its ports: base+10i… with a base, free ones without (base 0).
func Allocate(n, base int) ([]Ports, error) {
	if base < 0 || base+n*PortsPerNode > 65535 {
		return nil, fmt.Errorf("base port %d: %d nodes need ports up to %d; choose a base between 1024 and %d, or 0 for free ports",
			base, n, base+n*PortsPerNode, 65535-n*PortsPerNode)
	}
	out := make([]Ports, n)
	if base > 0 {
		for i := range out {
			p := base + i*PortsPerNode
			out[i] = Ports{P2P: p, RPC: p + 1, GRPC: p + 2, REST: p + 3}
		}
		return out, nil
	}
	// All listeners stay open until the last is found, so that no port is given twice.
	var open []net.Listener
	defer func() {
		for _, l := range open {
			_ = l.Close()
		}
	}()
	free := func() (int, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		open = append(open, l)
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	for i := range out {
		for _, p := range []*int{&out[i].P2P, &out[i].RPC, &out[i].GRPC, &out[i].REST} {
			port, err := free()
			if err != nil {
				return nil, err
			}
			*p = port
		}
	}
	return out, nil
}

// ReadPorts returns the ports that a prepared home's config files name.
func ReadPorts(dir string) (Ports, error) {
	read := func(file string, keys map[string]*int) error {
		v := viper.New()
		v.SetConfigFile(dir + "/config/" + file)
		if err := v.ReadInConfig(); err != nil {
			return fmt.Errorf("read %s of %s: %w", file, dir, err)
		}
		for key, p := range keys {
			addr := v.GetString(key)
			port, err := strconv.Atoi(addr[strings.LastIndex(addr, ":")+1:])
			if err != nil {
				return fmt.Errorf("%s/config/%s: %s is %q, want an address with a port", dir, file, key, addr)
			}
			*p = port
		}
		return nil
	}
	var p Ports
	if err := read("config.toml", map[string]*int{"p2p.laddr": &p.P2P, "rpc.laddr": &p.RPC}); err != nil {
		return p, err
	}
	return p, read("app.toml", map[string]*int{"grpc.address": &p.GRPC, "api.address": &p.REST})
}
