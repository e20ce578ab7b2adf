package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	relayerhome "github.com/topnetwork/top/relayer/home"
)

const lockHome = "TOP_TEST_LOCK_HOME"

// TestHoldsALock is the other process of TestOneRelayerPerHome: it locks a home and waits to be killed.
func TestHoldsALock(t *testing.T) {
	home := os.Getenv(lockHome)
	if home == "" {
		return // TestOneRelayerPerHome runs it
	}
	_, err := relayerhome.Lock(home)
	require.NoError(t, err)
	fmt.Println("locked")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// One relayer has a home at a time, whatever its roles: a second says which process has it and changes nothing. A killed one leaves it free.
func TestOneRelayerPerHome(t *testing.T) {
	home := t.TempDir()
	_, err := run("init", "--home", home)
	require.NoError(t, err)
	_, err = run("keys", "add", "relayer", "--home", home)
	require.NoError(t, err)

	self, err := os.Executable()
	require.NoError(t, err)
	first := exec.Command(self, "-test.run", "^TestHoldsALock$") //nolint:noctx // it is killed below
	first.Env = append(os.Environ(), lockHome+"="+home)
	stdin, err := first.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := first.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = first.Process.Kill()
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "locked", strings.TrimSpace(line))

	_, err = run("start", "--home", home)
	require.ErrorContains(t, err, fmt.Sprintf("process %d,", first.Process.Pid))
	_, err = os.Stat(filepath.Join(home, "status.json"))
	require.ErrorIs(t, err, os.ErrNotExist, "the second touches nothing")

	require.NoError(t, first.Process.Kill())
	require.Error(t, first.Wait())
	ended = true
	cmd := root()
	cmd.SetArgs([]string{"start", "--home", home})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, cmd.ExecuteContext(ctx), "the kernel has taken the lock off")
	_, err = os.Stat(filepath.Join(home, "status.json"))
	require.NoError(t, err)
}
