package localnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken below Linux's ephemeral range (from 32768): a port that the kernel hands out as free may be the local end of somebody's connection by
// the time the node listens, or by the time it is restarted.
const (
	lowestPort  = 12000
	highestPort = 30000
)

// FreeBlock finds n consecutive free ports on loopback and returns the first. Connections of this machine take none of them.
func FreeBlock(n int) (int, error) {
	var last error
	for range 50 {
		base := lowestPort + rand.IntN(highestPort-lowestPort-n)
		if last = allFree(base, n); last == nil {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d consecutive free ports between %d and %d: %w", n, lowestPort, highestPort, last)
}

// allFree listens on every port of the block at once.
func allFree(base, n int) (err error) {
	for port := base; port < base+n; port++ {
		l, listenErr := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if listenErr != nil {
			return listenErr
		}
		defer func() { err = errors.Join(err, l.Close()) }()
	}
	return nil
}
