package fault_test

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/fault"
)

// echo answers what it is told, on an address of its own.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
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
	return listener.Addr().String()
}

// silent requires that a connection is open and nothing comes, however long one looks; a tenth of a second is thousands of round trips on loopback.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	n, err := c.Read(make([]byte, 8))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Zero(t, n)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
}

func TestLinkIsCutAndMended(t *testing.T) {
	link, err := fault.NewLink(echo(t))
	require.NoError(t, err)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", link.Address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	say := func(c net.Conn, what string) {
		_, err := io.WriteString(c, what)
		require.NoError(t, err)
	}
	hears := func(c net.Conn, what string) {
		answer := make([]byte, len(what))
		_, err := io.ReadFull(c, answer)
		require.NoError(t, err)
		require.Equal(t, what, string(answer))
	}
	before := dial()
	say(before, "whole")
	hears(before, "whole")

	link.Cut()
	link.Cut()
	say(before, "under way")
	silent(t, before)
	during := dial()
	say(during, "new")
	silent(t, during)
	leaving := dial()
	say(leaving, "goodbye")
	require.NoError(t, leaving.(*net.TCPConn).CloseWrite())
	silent(t, leaving)

	link.Mend()
	hears(before, "under way")
	hears(during, "new")
	hears(leaving, "goodbye")
	_, err = leaving.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the end of a connection is carried too")

	link.Cut()
	require.NoError(t, link.Close(), "a cut link can be closed")
	_, err = before.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = net.Dial("tcp", link.Address)
	require.Error(t, err)
}
