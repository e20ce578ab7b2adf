//go:build process

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/keyfile"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
)

const (
	// A provider takes no new sessions when less than 256 MiB are free; its disk has a little more than that.
	smallDisk = 288 << 20
	mostOfIt  = 64 << 20
)

// A provider's disk fills up while it serves: it takes no new sessions, then cannot write at all. When there is space again everything is delivered, claimed and paid.
func TestProviderOnAFullDisk(t *testing.T) {
	disk := mountSmallDisk(t)
	talk := newTalk(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	number := busyProvider(ctx, t)
	p := net.Providers[number]
	data := filepath.Join(p.Home, "data")
	onSmallDisk(t, p, data, disk)

	ballast := filepath.Join(data, "ballast")
	// What is left of it when the test fails must not move back with the data.
	t.Cleanup(func() { _ = os.Remove(ballast) })
	require.NoError(t, fault.Fill(ballast, mostOfIt))
	sessionKey, err := keyfile.Load(filepath.Join(net.Dir, net.Users[0].Name, "session.key"))
	require.NoError(t, err)
	f := negotiate(t, net.Users[0].Address, sessionKey, number)
	f.tell(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Open{Open: f.state.Open}})
	var answer voucher.ProviderFrame
	require.NoError(t, f.bills.Read(&answer))
	require.Equal(t, refusal.ProviderFull, answer.GetRefusal().GetCode())

	// To the last byte: either what runs is served to its end, or a database that cannot write ends its process rather than say that something is stored.
	status, err := net.RelayerStatus(ctx, p.Name)
	require.NoError(t, err)
	require.NoError(t, process.Await(ctx, "the provider's rest", func(ctx context.Context) error {
		// Again and again, for the database frees some now and then.
		if err := fault.Fill(ballast, smallDisk); err != nil {
			return err
		}
		if !net.Process(p.Name).Running() {
			return nil
		}
		owed, _, err := metric(ctx, status, "top_provider_owed_utop")
		if err == nil && owed > 0 {
			err = fmt.Errorf("it is owed %.0f utop", owed)
		}
		return err
	}))
	require.NoError(t, os.Remove(ballast))
	if !net.Process(p.Name).Running() {
		_, err = net.Restart(p.Name)
		require.NoError(t, err)
	}
	require.NoError(t, net.ProviderReady(t.Context(), p))
	talk.paidInFull()
}

// busyProvider is one that is owed for what it serves.
func busyProvider(ctx context.Context, t *testing.T) (number int) {
	t.Helper()
	require.NoError(t, process.Await(ctx, "paid sessions", func(ctx context.Context) error {
		for i, p := range net.Providers {
			status, err := net.RelayerStatus(ctx, p.Name)
			if err != nil {
				return err
			}
			owed, _, err := metric(ctx, status, "top_provider_owed_utop")
			if err != nil {
				return err
			}
			if owed > 0 {
				number = i
				return nil
			}
		}
		return fmt.Errorf("nothing is owed to anybody")
	}))
	return number
}

// mountSmallDisk for the time of a test.
func mountSmallDisk(t *testing.T) (disk string) {
	t.Helper()
	disk = t.TempDir()
	unmount, err := fault.SmallDisk(disk, smallDisk)
	if errors.Is(err, fault.ErrNoSmallDisk) {
		t.Skip("only root can mount a disk that fills up: " + err.Error())
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unmount()) })
	return disk
}

// onSmallDisk puts a provider's data on a small disk for the time of a test.
func onSmallDisk(t *testing.T, p *localnet.Provider, data, disk string) {
	t.Helper()
	move := func(from, to string) {
		require.NoError(t, net.Process(p.Name).Kill())
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		require.NoError(t, os.RemoveAll(data))
	}
	restart := func() {
		_, err := net.Restart(p.Name)
		require.NoError(t, err)
		require.NoError(t, net.ProviderReady(context.Background(), p))
	}
	small, kept := filepath.Join(disk, "data"), data+".kept"
	move(data, small)
	require.NoError(t, os.Symlink(small, data))
	t.Cleanup(func() {
		move(small, kept)
		require.NoError(t, os.Rename(kept, data))
		restart()
	})
	restart()
}
