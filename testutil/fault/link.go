package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Link is the way from one process to another's TCP address. It can be cut as a network is: both ends run on, what they send does not arrive, and neither is told.
// What was under way arrives when the link is mended, if its ends have not given the connection up by then; TCP would send it again.
type Link struct {
	// Address on loopback that the one end is given instead of the other's.
	Address string

	target   string
	listener net.Listener
	ctx      context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup

	mu    sync.Mutex
	whole chan struct{} // closed while the link is whole
}

// NewLink listens on loopback and leads to an address.
func NewLink(target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("link to %s: %w", target, err)
	}
	l := &Link{Address: listener.Addr().String(), target: target, listener: listener, whole: make(chan struct{})}
	close(l.whole)
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.wg.Go(l.accept)
	return l, nil
}

// Cut holds everything back, also new connections.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.whole:
		l.whole = make(chan struct{})
	default:
	}
}

// Mend lets what was held back arrive.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.whole:
	default:
		close(l.whole)
	}
}

// Close ends the link with all its connections.
func (l *Link) Close() error {
	l.stop()
	err := l.listener.Close()
	l.wg.Wait()
	return err
}

// pass waits until the link is whole; an error says that it was closed.
func (l *Link) pass() error {
	for {
		l.mu.Lock()
		whole := l.whole
		l.mu.Unlock()
		select {
		case <-whole:
			return nil
		case <-l.ctx.Done():
			return l.ctx.Err()
		}
	}
}

func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.wg.Go(func() { l.connect(near) })
	}
}

// connect leads one connection to the target, until an end closes it.
func (l *Link) connect(near net.Conn) {
	defer near.Close()
	if l.pass() != nil {
		return
	}
	var dialer net.Dialer
	far, err := dialer.DialContext(l.ctx, "tcp", l.target)
	if err != nil {
		return
	}
	defer far.Close()
	unhook := context.AfterFunc(l.ctx, func() { _ = errors.Join(near.Close(), far.Close()) })
	defer unhook()
	var both sync.WaitGroup
	both.Go(func() { l.carry(far, near) })
	both.Go(func() { l.carry(near, far) })
	both.Wait()
}

// carry bytes one way; that an end has closed is also news, which a cut link does not carry.
func (l *Link) carry(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if l.pass() != nil {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				err = errors.Join(err, failed)
			}
		}
		if errors.Is(err, io.EOF) {
			if half, ok := to.(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
			return
		}
		if err != nil {
			_ = errors.Join(to.Close(), from.Close())
			return
		}
	}
}
