//go:build process

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/testutil/localnet"
)

// block is a command of a guide, and what it prints or refuses with.
type block struct{ commands, prints string }

var fenced = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// readGuide returns the blocks of a guide in order; a text block belongs to the commands above it.
func readGuide(t *testing.T, name string) []block {
	t.Helper()
	bz, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", name))
	require.NoError(t, err)
	var blocks []block
	for _, m := range fenced.FindAllStringSubmatch(string(bz), -1) {
		if m[1] == "sh" {
			blocks = append(blocks, block{commands: m[2]})
			continue
		}
		require.NotEmpty(t, blocks, "%s begins with output", name)
		blocks[len(blocks)-1].prints = m[2]
	}
	require.NotEmpty(t, blocks, "%s has no commands", name)
	return blocks
}

// reader follows guides: it runs their commands in a shell with the variables that the guides name.
type reader struct{ env []string }

func (r *reader) set(name string, value any) {
	r.env = append(r.env, fmt.Sprintf("%s=%v", name, value))
}

// follow runs a guide block by block.
func (r *reader) follow(t *testing.T, name string) {
	t.Helper()
	for _, b := range readGuide(t, name) {
		out, err := r.shell(t, b.commands)
		refused := strings.HasPrefix(b.prints, "Error:")
		if refused {
			require.Error(t, err, "%s: this should fail:\n%s%s", name, b.commands, out)
		} else {
			require.NoError(t, err, "%s:\n%s%s", name, b.commands, out)
		}
		for line := range strings.Lines(b.prints) {
			rest := out
			for _, part := range strings.Split(strings.TrimSpace(line), "…") {
				_, after, found := strings.Cut(rest, part)
				require.True(t, found, "%s: the guide promises %q of\n%sand this is printed:\n%s", name, line, b.commands, out)
				rest = after
			}
		}
	}
}

// shell runs one block; what it leaves running in the background ends with the test.
func (r *reader) shell(t *testing.T, script string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	output := filepath.Join(t.TempDir(), "output")
	// A file, not a pipe: a process in the background would hold the pipe open.
	file, err := os.Create(output)
	require.NoError(t, err)
	defer file.Close()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Env = append(os.Environ(), r.env...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, cmd.Start())
	group := cmd.Process.Pid
	t.Cleanup(func() {
		// The group is empty when everything that the block started has ended.
		if err := syscall.Kill(-group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	})
	failed := cmd.Wait()
	bz, err := os.ReadFile(output)
	require.NoError(t, err)
	return string(bz), failed
}

// Every command in the guides works as written, in the order of the guides, and every error that they quote is what the programs say.
func TestGuides(t *testing.T) {
	build, err := filepath.Abs("../../build")
	require.NoError(t, err)
	dir := t.TempDir()
	ports, err := home.Allocate(2, 0)
	require.NoError(t, err)
	r := &reader{}
	r.set("PATH", build+":"+os.Getenv("PATH"))
	r.set("HOME", dir)
	r.set("NODE", filepath.Join(dir, "node"))
	r.set("OPERATOR", filepath.Join(dir, "operator"))
	r.set("P2P", ports[0].P2P)
	r.set("RPC", ports[0].RPC)
	r.set("GRPC", ports[0].GRPC)
	r.set("REST", ports[0].REST)
	r.set("METRICS", ports[1].REST)
	r.set("LISTEN", ports[1].P2P)
	r.set("PROVIDER", filepath.Join(dir, "provider"))
	r.set("WALLET", filepath.Join(dir, "wallet"))
	r.follow(t, "validator.md")
	r.follow(t, "troubleshooting.md")

	small, err := localnet.Start(t.Context(), localnet.Config{
		Dir: filepath.Join(build, "test-guides"), Bin: build, Validators: 1, ServiceValidators: 1, Providers: 1, Users: 2, TimeoutCommit: 500 * time.Millisecond,
		Logf: t.Logf,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, small.Stop()) })
	r.set("MAIN_RPC", small.Main.Nodes[0].RPC)
	r.set("MAIN_GRPC", small.Main.Nodes[0].GRPC)
	r.set("MAIN_REST", small.Main.Nodes[0].REST)
	r.set("MAIN_CHAIN", small.Main.ID)
	r.set("SERVICE_RPC", small.Service.Nodes[0].RPC)
	r.set("SERVICE_GRPC", small.Service.Nodes[0].GRPC)
	r.set("SERVICE_CHAIN", small.Service.ID)
	r.set("PROVIDER_ADDRESS", small.Providers[0].Address)
	r.set("TO", small.Users[1].Address)
	for i, guide := range []string{"wallet.md", "provider.md"} {
		mnemonic := filepath.Join(dir, small.Users[i].Name+".mnemonic")
		require.NoError(t, os.WriteFile(mnemonic, []byte(small.Users[i].Mnemonic), 0o600))
		r.set("MNEMONIC_FILE", mnemonic)
		r.follow(t, guide)
	}
}
