//go:build process

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// The accounts of relayer tests among the network's users.
const (
	courierUser = 2
	rivalUser   = 3
)

// courier sends packets from the main chain, one per credit it adds to its line, and counts what arrives.
type courier struct {
	t      *testing.T
	main   *chain.Client
	key    *chain.Key
	serial uint64
	// released is what it has asked back on the service chain.
	released uint64
}

func newCourier(t *testing.T, user int) *courier {
	t.Helper()
	main, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	t.Cleanup(func() { _ = main.Close() })
	key, err := chain.FromMnemonic(net.Users[user].Mnemonic)
	require.NoError(t, err)
	c := &courier{t: t, main: main, key: key}
	c.must(&billingtypes.MsgDeposit{Owner: key.Address(), Amount: 1_000_000})
	return c
}

func (c *courier) must(msgs ...sdk.Msg) {
	c.t.Helper()
	_, err := c.main.Send(c.t.Context(), c.key, msgs...)
	require.NoError(c.t, err)
}

// send packets in one transaction, each of another amount.
func (c *courier) send(packets int) {
	c.t.Helper()
	var msgs []sdk.Msg
	for range packets {
		c.serial++
		msgs = append(msgs, &billingtypes.MsgOpenCreditLine{Owner: c.key.Address(), ChainId: net.Service.ID, Amount: 100 + c.serial})
	}
	c.must(msgs...)
}

// release asks a coin back on the service chain, which sends it to the main chain in a settlement.
func (c *courier) release() {
	c.t.Helper()
	service, err := chain.Dial(c.t.Context(), chain.Config{GRPC: net.Service.Nodes[0].GRPC})
	require.NoError(c.t, err)
	defer service.Close()
	_, err = service.Send(c.t.Context(), c.key, &usagetypes.MsgRelease{Owner: c.key.Address(), Amount: 1})
	require.NoError(c.t, err)
	c.released++
}

// returned waits until the main chain has booked every coin that was released, once.
func (c *courier) returned(before creditLine, needs ...*process.Process) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(c.t, process.Await(ctx, "what was released", func(ctx context.Context) error {
		line, _, err := c.line(ctx)
		if err == nil && uint64(line.Released-before.Released) != c.released {
			err = fmt.Errorf("%d of %d utop are back", line.Released-before.Released, c.released)
		}
		return err
	}, needs...))
	c.arrival(needs...)
}

// line of the courier on the main chain, and what the service chain has been told.
func (c *courier) line(ctx context.Context) (line creditLine, credited uint64, err error) {
	lines, err := localnet.All[creditLine](ctx, net.Main.REST(), "/top/billing/v1/escrows/"+c.key.Address()+"/credit_lines", "credit_lines")
	if err != nil || len(lines) == 0 {
		return line, 0, err
	}
	var answer struct {
		Credit struct {
			Credited amount `json:"credited"`
		} `json:"credit"`
	}
	err = net.Service.REST().Get(ctx, "/top/usage/v1/credits/"+c.key.Address(), &answer)
	var status *localnet.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		err = nil
	}
	return lines[0], uint64(answer.Credit.Credited), err
}

// arrival waits until every packet has arrived once and is acknowledged: both chains name the same sum, and neither remembers a packet under way.
func (c *courier) arrival(needs ...*process.Process) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(c.t, process.Await(ctx, "every packet's acknowledgement", func(ctx context.Context) error {
		line, credited, err := c.line(ctx)
		if err != nil {
			return err
		}
		if line.InFlight != 0 || credited != uint64(line.Credited) {
			return fmt.Errorf("credited %d utop, %d of them under way; the service chain knows of %d", line.Credited, line.InFlight, credited)
		}
		for _, side := range []struct {
			chain  *localnet.Chain
			client string
		}{{net.Main, net.Clients.Main}, {net.Service, net.Clients.Service}} {
			type commitment struct{}
			left, err := localnet.All[commitment](ctx, side.chain.REST(), "/ibc/core/channel/v2/clients/"+side.client+"/packet_commitments", "commitments")
			if err != nil {
				return err
			}
			if len(left) > 0 {
				return fmt.Errorf("%s remembers %d packets under way", side.chain.ID, len(left))
			}
		}
		return nil
	}, needs...))
}

// withoutRelayer stops the network's own relayer for the time of a test.
func withoutRelayer(t *testing.T) {
	t.Helper()
	require.NoError(t, fault.Kill(net.Process(localnet.RelayerName)))
	t.Cleanup(func() {
		_, err := net.Restart(localnet.RelayerName)
		require.NoError(t, err)
	})
}

// relayer runs one more for the time of a test.
func startRelayer(t *testing.T, name string, key localnet.Key, main, service localnet.Reach) (*process.Process, localnet.Status) {
	t.Helper()
	p, status, err := net.StartRelayer(t.Context(), name, key, main, service)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Process(name).Kill()) })
	return p, status
}

// blocks waits for more blocks of a chain.
func blocks(t *testing.T, c *localnet.Chain, more int64) {
	t.Helper()
	from, err := c.REST().LatestHeight(t.Context())
	require.NoError(t, err)
	require.NoError(t, process.Await(t.Context(), fmt.Sprintf("%d blocks of %s", more, c.ID), func(ctx context.Context) error {
		height, err := c.REST().LatestHeight(ctx)
		if err == nil && height < from+more {
			err = fmt.Errorf("height is %d", height)
		}
		return err
	}))
}

// metric adds up the series of a relayer's metric whose labels contain all the given pairs, e.g. `chain="top-main-1"`.
func metric(ctx context.Context, status localnet.Status, name string, labels ...string) (sum float64, found bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+status.Metrics+"/metrics", nil)
	if err != nil {
		return 0, false, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, false, err
	}
lines:
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, name+"{") && !strings.HasPrefix(line, name+" ") {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(line, label) {
				continue lines
			}
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, false, fmt.Errorf("%s: %w", line, err)
		}
		sum, found = sum+value, true
	}
	return sum, found, nil
}
