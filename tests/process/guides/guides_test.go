//go:build process

// Package guides follows the guides' commands as a reader would, on a network of its own.
package guides

import (
	"context"
	"encoding/hex"
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
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// block is a command of a guide, and what it prints or refuses with.
type block struct{ commands, prints string }

var fenced = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// readGuide returns the blocks of a guide in order; a text block belongs to the commands above it.
func readGuide(t *testing.T, name string) []block {
	t.Helper()
	bz, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "guides", name))
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
type reader struct {
	env []string
	// later are variables whose values are there when the reader comes to the first block that names one of them.
	later map[string]func()
}

func (r *reader) set(name string, value any) {
	r.env = append(r.env, fmt.Sprintf("%s=%v", name, value))
}

// ports of a node, with a suffix for the second.
func (r *reader) setPorts(suffix string, p home.Ports) {
	r.set("P2P"+suffix, p.P2P)
	r.set("RPC"+suffix, p.RPC)
	r.set("GRPC"+suffix, p.GRPC)
	r.set("REST"+suffix, p.REST)
}

// follow runs a guide block by block.
func (r *reader) follow(t *testing.T, name string) {
	t.Helper()
	for _, b := range readGuide(t, name) {
		for variable, find := range r.later {
			if strings.Contains(b.commands, "$"+variable) {
				delete(r.later, variable)
				find()
			}
		}
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
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
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
	build, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	dir := t.TempDir()
	ports, err := home.Allocate(3, 0)
	require.NoError(t, err)
	r := &reader{later: map[string]func(){}}
	r.set("PATH", build+":"+os.Getenv("PATH"))
	r.set("HOME", dir)
	r.set("NODE", filepath.Join(dir, "node"))
	r.set("OPERATOR", filepath.Join(dir, "operator"))
	r.set("FRESH", filepath.Join(dir, "fresh"))
	r.set("FOUNDER", filepath.Join(dir, "founder"))
	r.setPorts("", ports[0])
	r.setPorts("2", ports[1])
	r.set("METRICS", ports[2].REST)
	r.set("LISTEN", ports[2].P2P)
	r.set("PROVIDER", filepath.Join(dir, "provider"))
	r.set("WALLET", filepath.Join(dir, "wallet"))
	r.follow(t, "validator.md")

	small, err := localnet.Start(t.Context(), localnet.Config{
		Dir: filepath.Join(build, "test-guides"), Bin: build, Validators: 1, ServiceValidators: 1, Providers: 1, Users: 3, TimeoutCommit: 500 * time.Millisecond,
		// An epoch is as long as a payout can be disputed, by somebody who types one command after the other on a busy machine.
		EpochBlocks: 60, Logf: t.Logf,
		Shards: localnet.Shards{Zones: 1, PerZone: 1, Members: 1, TimeoutCommit: 500 * time.Millisecond, Funds: localnet.UserFunds},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, small.Stop()) })
	require.NoError(t, small.StartRouter(t.Context(), localnet.RouterName, small.Carrier))
	edge, err := small.StartEdge(t.Context())
	require.NoError(t, err)
	r.set("EDGE_RPC", edge.RPC)
	r.set("EDGE_REST", edge.REST)
	r.set("MAIN_RPC", small.Main.Nodes[0].RPC)
	r.set("MAIN_GRPC", small.Main.Nodes[0].GRPC)
	r.set("MAIN_REST", small.Main.Nodes[0].REST)
	r.set("MAIN_CHAIN", small.Main.ID)
	r.set("SERVICE_RPC", small.Service.Nodes[0].RPC)
	r.set("SERVICE_GRPC", small.Service.Nodes[0].GRPC)
	r.set("SERVICE_CHAIN", small.Service.ID)
	r.set("PROVIDER_ADDRESS", small.Providers[0].Address)
	r.set("TO", small.Users[1].Address)
	r.later["SETTLED"] = func() { r.setDebit(t, small) }
	account := func(key localnet.Key) {
		mnemonic := filepath.Join(dir, key.Name+".mnemonic")
		require.NoError(t, os.WriteFile(mnemonic, []byte(key.Mnemonic), 0o600))
		r.set("MNEMONIC_FILE", mnemonic)
	}
	account(small.Users[0])
	r.follow(t, "wallet.md")
	r.follow(t, "troubleshooting.md")
	account(small.Users[2])
	r.follow(t, "provider.md")
	founder, err := small.Stranger(t.Context(), "founder", 350_000_000)
	require.NoError(t, err)
	account(founder)
	r.follow(t, "service-types.md")

	hosts, err := os.ReadFile(filepath.Join(small.Dir, localnet.EdgeName, "shards.txt"))
	require.NoError(t, err)
	carrier, err := small.Stranger(t.Context(), "carrier", 1_000_000)
	require.NoError(t, err)
	account(carrier)
	r.set("HOST", strings.TrimSpace(strings.TrimPrefix(string(hosts), "host ")))
	r.set("ROUTER", filepath.Join(dir, "router"))
	r.set("EDGE", filepath.Join(dir, "edge"))
	r.follow(t, "shards.md")
}

// setDebit has the wallet's owner write to somebody, and waits until a debit for it can be disputed.
func (r *reader) setDebit(t *testing.T, n *localnet.Network) {
	t.Helper()
	owner, provider := n.Users[0], n.Providers[0].Address
	writer, err := play.StartUser(t.Context(), n, owner)
	require.NoError(t, err)
	friend, err := play.StartUser(t.Context(), n, n.Users[1])
	require.NoError(t, err)
	for i := range 5 {
		require.NoError(t, writer.Send(t.Context(), friend, fmt.Sprintf("for the bill, %d", i)))
	}
	require.NoError(t, writer.AwaitDelivery(t.Context()))
	require.NoError(t, errors.Join(writer.Quit(t.Context(), n), friend.Quit(t.Context(), n)))
	type claim struct {
		Epoch   localnet.Uint `json:"epoch"`
		Settled localnet.Uint `json:"settlement_epoch"`
		Status  string        `json:"status"`
		Debits  []struct {
			Payer  string        `json:"payer"`
			Key    []byte        `json:"session_key"`
			Amount localnet.Uint `json:"amount"`
		} `json:"debits"`
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, process.Await(ctx, "a debit that is not paid yet", func(ctx context.Context) error {
		claims, err := localnet.All[claim](ctx, n.Service.REST(), "/top/usage/v1/claims/"+provider, "claims")
		if err != nil {
			return err
		}
		for _, c := range claims {
			// The list has no debits.
			var one struct {
				Claim claim `json:"claim"`
			}
			if err := n.Service.REST().Get(ctx, fmt.Sprintf("/top/usage/v1/claims/%s/%d", provider, c.Epoch), &one); err != nil {
				return err
			}
			var answer struct {
				Payout struct {
					Status string `json:"status"`
				} `json:"payout"`
			}
			for _, d := range one.Claim.Debits {
				if d.Payer != owner.Address || c.Status != usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED.String() {
					continue
				}
				if err := n.Main.REST().Get(ctx, fmt.Sprintf("/top/billing/v1/payouts/%s/%d/%s", n.Service.ID, c.Settled, provider), &answer); err != nil {
					return err
				}
				if answer.Payout.Status != billingtypes.PayoutStatus_PAYOUT_STATUS_PENDING.String() {
					return fmt.Errorf("the payout is %s", answer.Payout.Status)
				}
				r.set("SETTLED", c.Settled)
				r.set("CLAIMED", c.Epoch)
				r.set("KEY", hex.EncodeToString(d.Key))
				r.set("AMOUNT", d.Amount)
				return nil
			}
		}
		return fmt.Errorf("%d claims, none settled of %s", len(claims), owner.Address)
	}, n.Process(n.Providers[0].Name)))
}
