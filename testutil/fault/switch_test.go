package fault_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/topnetwork/top/testutil/fault"
)

// inside a namespace: a goroutine whose thread is in it, and ends with it.
func inside(t *testing.T, namespace string, do func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		f, err := os.Open(filepath.Join("/run/netns", namespace))
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	require.NoError(t, <-done)
}

// answered tells whether one port's word to another comes back, over a connection that is there already.
func answered(t *testing.T, c net.Conn, word string, wait time.Duration) error {
	t.Helper()
	if _, err := c.Write([]byte(word)); err != nil {
		return err
	}
	require.NoError(t, c.SetReadDeadline(time.Now().Add(wait)))
	got := make([]byte, len(word))
	_, err := io.ReadFull(c, got)
	if err == nil {
		require.Equal(t, word, string(got))
	}
	return err
}

// A cut separates the ports on its two sides and no others, is no news to a connection over it, and what was said meanwhile arrives once it is mended.
func TestSwitch(t *testing.T) {
	if reason := fault.NoSwitch(); reason != "" {
		t.Skip(reason)
	}
	// What somebody left that has ended goes.
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	stale := fmt.Sprintf("tsw%d-0", ended.Process.Pid)
	require.NoError(t, exec.Command("ip", "netns", "add", stale).Run())
	s, err := fault.NewSwitch(3)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join("/run/netns", stale))
	ports := s.Ports
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		for _, p := range ports {
			require.NoFileExists(t, filepath.Join("/run/netns", p.Namespace))
		}
	})
	var listener net.Listener
	inside(t, s.Ports[0].Namespace, func() (err error) {
		listener, err = net.Listen("tcp", ":0")
		return err
	})
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	dial := func(host string) net.Conn {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	var near, far net.Conn
	for i, c := range map[int]*net.Conn{1: &near, 2: &far} {
		inside(t, s.Ports[i].Namespace, func() error {
			*c = dial(s.Ports[0].Address)
			return nil
		})
	}
	control := dial(s.Ports[0].Control)
	for _, c := range []net.Conn{near, far, control} {
		require.NoError(t, answered(t, c, "before", 5*time.Second))
	}
	require.NoError(t, s.Cut(0, 1))
	require.NoError(t, answered(t, near, "on one side", 5*time.Second))
	require.NoError(t, answered(t, control, "not cut", 5*time.Second))
	require.ErrorIs(t, answered(t, far, "cut", 300*time.Millisecond), os.ErrDeadlineExceeded)
	require.NoError(t, s.Mend(0, 1))
	require.NoError(t, far.SetReadDeadline(time.Now().Add(10*time.Second)))
	late := make([]byte, len("cut"))
	_, err = io.ReadFull(far, late)
	require.NoError(t, err)
	require.Equal(t, "cut", string(late))
	require.Error(t, s.Cut(3))

	// This machine is at the switch, too: what is cut off from the others is from it.
	joined := dial(s.Ports[0].Address)
	require.NoError(t, answered(t, joined, "joined", 5*time.Second))
	require.NoError(t, s.Cut(0))
	require.ErrorIs(t, answered(t, joined, "cut", 300*time.Millisecond), os.ErrDeadlineExceeded)
}
