package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// switchPrefix begins the names of all namespaces and of this machine's interfaces, which have at most 15 letters; the maker's pid comes next, by which those are told that nobody needs any more.
	switchPrefix = "tsw"
	// namespaces that have a name are here (ip-netns(8)).
	namespaces = "/run/netns"
	// whole is the bridge that all cables lead to, apart the one for those that are cut off.
	whole, apart = "whole", "apart"
	// maxPorts of a Switch: a /30 of one /24 each.
	maxPorts = 64
)

// Switch connects network namespaces of this machine with each other and with this machine, as a switch connects machines. A program in one of them reaches the others by it alone, and when a part is cut off, frames are lost as on a network: neither end is told.
type Switch struct {
	Ports []Port

	namespace string
	// here is this machine's end at the switch.
	here string
}

// Port is a namespace at a Switch.
type Port struct {
	Namespace string
	// Address at the switch, where programs in the other namespaces, and on this machine, reach this one's.
	Address string
	// Control is where this machine reaches them, whatever is cut. There is no way from one port's to another's.
	Control string

	// cable is the switch's end, here this machine's of the way to Control.
	cable, here string
}

// NoSwitch says why this process cannot make a Switch; empty where it can.
func NoSwitch() string {
	if os.Geteuid() != 0 {
		return "network namespaces need root"
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "network namespaces need the program ip (iproute2)"
	}
	trial := namespaceName("try")
	if err := ip("netns", "add", trial); err != nil {
		return "root may make no network namespaces here: " + err.Error()
	}
	if err := ip("netns", "del", trial); err != nil {
		return err.Error()
	}
	return ""
}

// NewSwitch with so many namespaces at it, the only one of this process at a time. Those that a killed process has left are removed first. The caller closes it.
func NewSwitch(ports int) (s *Switch, err error) {
	if ports < 1 || ports > maxPorts {
		return nil, fmt.Errorf("a switch with %d ports: want 1 to %d", ports, maxPorts)
	}
	// Until this machine has addresses in the subnets, nobody else sees that they are taken.
	release, err := lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := removeStale(); err != nil {
		return nil, err
	}
	// For benchmarks (RFC 2544), and of a private network (RFC 1918).
	control, err := freeSubnet("198.18", "198.19")
	if err != nil {
		return nil, err
	}
	subnet, err := freeSubnet("10.77")
	if err != nil {
		return nil, err
	}
	made := &Switch{namespace: namespaceName("s"), here: namespaceName("up")}
	s = made
	defer func() {
		if err != nil {
			err = errors.Join(err, made.Close())
		}
	}()
	if err := ip("netns", "add", s.namespace); err != nil {
		return nil, err
	}
	for _, bridge := range []string{whole, apart} {
		if err := all([]string{"-n", s.namespace, "link", "add", bridge, "type", "bridge"}, []string{"-n", s.namespace, "link", "set", bridge, "up"}); err != nil {
			return nil, err
		}
	}
	const joined = "joined"
	if err := all(
		[]string{"link", "add", s.here, "type", "veth", "peer", "name", joined, "netns", s.namespace},
		[]string{"-n", s.namespace, "link", "set", joined, "master", whole, "up"},
		[]string{"address", "add", fmt.Sprintf("%s.%d/24", subnet, maxPorts+1), "dev", s.here},
		[]string{"link", "set", s.here, "up"},
	); err != nil {
		return nil, err
	}
	for i := range ports {
		p := Port{Namespace: namespaceName(strconv.Itoa(i)), Address: fmt.Sprintf("%s.%d", subnet, i+1), Control: fmt.Sprintf("%s.%d", control, 4*i+2), cable: fmt.Sprint("port", i), here: namespaceName(fmt.Sprint("x", i))}
		if err := ip("netns", "add", p.Namespace); err != nil {
			return nil, err
		}
		s.Ports = append(s.Ports, p)
		if err := all(
			[]string{"-n", p.Namespace, "link", "set", "lo", "up"},
			[]string{"-n", s.namespace, "link", "add", p.cable, "type", "veth", "peer", "name", "peers", "netns", p.Namespace},
			[]string{"-n", s.namespace, "link", "set", p.cable, "master", whole, "up"},
			[]string{"-n", p.Namespace, "address", "add", p.Address + "/24", "dev", "peers"},
			[]string{"-n", p.Namespace, "link", "set", "peers", "up"},
			[]string{"link", "add", p.here, "type", "veth", "peer", "name", "control", "netns", p.Namespace},
			[]string{"address", "add", fmt.Sprintf("%s.%d/30", control, 4*i+1), "dev", p.here},
			[]string{"link", "set", p.here, "up"},
			[]string{"-n", p.Namespace, "address", "add", p.Control + "/30", "dev", "control"},
			[]string{"-n", p.Namespace, "link", "set", "control", "up"},
		); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Command that runs a program in the namespace: the process that begins with it becomes the program, under the same pid.
func (p Port) Command(path string, args ...string) (string, []string) {
	return "ip", append([]string{"netns", "exec", p.Namespace, path}, args...)
}

// Cut ports off from the others. Among themselves they are connected.
func (s *Switch) Cut(ports ...int) error { return s.plug(apart, ports) }

// Mend ends what Cut began for the same ports.
func (s *Switch) Mend(ports ...int) error { return s.plug(whole, ports) }

func (s *Switch) plug(bridge string, ports []int) error {
	for _, i := range ports {
		if i < 0 || i >= len(s.Ports) {
			return fmt.Errorf("port %d: the switch has %d", i, len(s.Ports))
		}
		if err := ip("-n", s.namespace, "link", "set", s.Ports[i].cable, "master", bridge); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the namespaces, and with them their interfaces; programs in them have to have ended.
func (s *Switch) Close() error {
	var err error
	// While their namespaces are there the interfaces are; afterwards the kernel removes them at some time, though their names may be wanted sooner.
	remove := func(name string) {
		if _, none := net.InterfaceByName(name); none == nil {
			err = errors.Join(err, ip("link", "del", name))
		}
	}
	remove(s.here)
	for _, p := range s.Ports {
		remove(p.here)
		err = errors.Join(err, ip("netns", "del", p.Namespace))
	}
	err = errors.Join(err, ip("netns", "del", s.namespace))
	s.Ports = nil
	return err
}

// namespaceName of this process's; short enough for an interface, too.
func namespaceName(end string) string { return fmt.Sprintf("%s%d-%s", switchPrefix, os.Getpid(), end) }

// removeStale namespaces and interfaces, whose makers have ended: what ran there has ended with them. Interfaces go first, for the kernel takes its time to remove those of a namespace that is gone.
func removeStale() error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range interfaces {
		if stale(i.Name) {
			if err := ip("link", "del", i.Name); err != nil {
				return err
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(namespaces, switchPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if name := filepath.Base(path); stale(name) {
			if err := ip("netns", "del", name); err != nil {
				return err
			}
		}
	}
	return nil
}

// stale tells whether a name is that of a Switch whose process has ended.
func stale(name string) bool {
	rest, ours := strings.CutPrefix(name, switchPrefix)
	pid, _, parted := strings.Cut(rest, "-")
	if _, err := strconv.Atoi(pid); err != nil || !ours || !parted {
		return false
	}
	_, err := os.Stat(filepath.Join("/proc", pid))
	return errors.Is(err, fs.ErrNotExist)
}

// lock keeps other programs from choosing subnets, and from cleaning up, at the same time.
func lock() (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), switchPrefix+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// The kernel releases it with the file, whatever becomes of this program.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// freeSubnet is the first /24 of some /16s in which this machine has no address, without its last number.
func freeSubnet(networks ...string) (string, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, network := range networks {
		for n := range 256 {
			subnet := fmt.Sprintf("%s.%d", network, n)
			if !slices.ContainsFunc(list, func(a net.Addr) bool { return strings.HasPrefix(a.String(), subnet+".") }) {
				return subnet, nil
			}
		}
	}
	return "", fmt.Errorf("this machine has addresses in every /24 of %s", strings.Join(networks, " and "))
}

func all(commands ...[]string) error {
	for _, c := range commands {
		if err := ip(c...); err != nil {
			return err
		}
	}
	return nil
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
