package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
)

// The load of transfers.
const (
	stockAccounts = 4000
	// stockRounds of a transfer per account: more than two cores commit in stockTime.
	stockRounds = 20
	stockTime   = 25 * time.Second
	// stockCommit is the pause between blocks.
	stockCommit = 200 * time.Millisecond
	stockFunds  = 1_000_000
	nodeGrace   = 15 * time.Second
)

// stock measures bank transfers on a main chain: what a ledger of this make does without TOP.
func (r *run) stock(ctx context.Context) ([]Result, error) {
	var all []Result
	for _, validators := range []int{1, 4} {
		results, err := r.transfers(ctx, validators)
		if err != nil {
			return all, fmt.Errorf("%d validators: %w", validators, err)
		}
		all = append(all, results...)
	}
	return all, nil
}

// mainChain is a main chain with nothing around it.
type mainChain struct {
	id    string
	nodes []localnet.Node
	procs []*process.Process
}

// startMainChain makes a chain on which the accounts have funds and waits for its first blocks.
func startMainChain(ctx context.Context, cfg localnet.Config, dir string, validators int, accounts []account, flags ...string) (m *mainChain, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	args := []string{
		"testnet", "init-files", "--output-dir", dir, "--chain-id", localnet.MainChainID,
		"--validators", strconv.Itoa(validators), "--timeout-commit", stockCommit.String(),
	}
	for _, a := range accounts {
		args = append(args, "--account", fmt.Sprintf("%s=%d", a.address, stockFunds))
	}
	args = append(args, flags...)
	program := filepath.Join(cfg.Bin, "topchaind")
	bz, err := process.Run(ctx, process.Spec{Name: "init-files", Path: program, Args: args, Log: filepath.Join(dir, "logs", "init.log")})
	if err != nil {
		return nil, err
	}
	var made struct {
		ChainID string          `json:"chain_id"`
		Nodes   []localnet.Node `json:"nodes"`
	}
	if err := json.Unmarshal(bz, &made); err != nil {
		return nil, err
	}
	m = &mainChain{id: made.ChainID, nodes: made.Nodes}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.stop())
		}
	}()
	for i, node := range m.nodes {
		p, err := process.Start(process.Spec{
			Name: fmt.Sprintf("main%d", i), Path: program, Args: []string{"start", "--home", node.Home}, Log: filepath.Join(dir, "logs", fmt.Sprintf("main%d.log", i)),
		})
		if err != nil {
			return m, err
		}
		m.procs = append(m.procs, p)
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for _, node := range m.nodes {
		err := process.Await(ctx, "the second block of "+node.Home, func(ctx context.Context) error {
			height, err := localnet.REST{URL: node.REST}.LatestHeight(ctx)
			if err == nil && height < 2 {
				err = fmt.Errorf("height is %d", height)
			}
			return err
		}, m.procs...)
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *mainChain) stop() error {
	return together(len(m.procs), func(i int) error { return m.procs[i].Stop(nodeGrace) })
}

func (r *run) transfers(ctx context.Context, validators int) (results []Result, err error) {
	accounts, err := newAccounts(stockAccounts)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("stock.%dval", validators)
	m, err := startMainChain(ctx, r.Network, filepath.Join(r.Network.Dir, name), validators, accounts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	c, err := chain.Dial(ctx, chain.Config{GRPC: m.nodes[0].GRPC, ChainID: m.id})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := readNumbers(ctx, c, accounts); err != nil {
		return nil, err
	}
	gas, err := transferGas(ctx, c, accounts)
	if err != nil {
		return nil, err
	}
	txs, err := signTransfers(m.id, accounts, stockRounds, gas)
	if err != nil {
		return nil, err
	}
	r.Network.Logf("%-14s %d transfers signed", name, len(accounts)*len(txs))
	l, err := m.load(ctx, txs)
	if err != nil {
		return nil, err
	}
	if r.resident[name], err = residentMiB(m.procs[0].Pid()); err != nil {
		return nil, err
	}
	conditions := map[string]any{
		"validators": validators, "timeout_commit_ms": stockCommit.Milliseconds(), "accounts": len(accounts), "transactions": l.committed, "failed": l.failed,
		"refused_by_mempool": l.refused, "mempool_full": l.full, "seconds": l.lasted.Seconds(), "blocks": l.blocks, "gas_limit": gas, "tx_bytes": len(txs[0][0]),
		"loader_cpu_s": l.loaderCPU.Seconds(),
		"what":         "bank MsgSend, signed before the clock starts, broadcast_tx_sync over CometBFT RPC, loader on the same machine, stock settings but for timeout_commit",
	}
	return []Result{
		newResult(name+".tps", float64(l.committed)/l.lasted.Seconds(), "tx/s", conditions),
		newResult(name+".cpu_us", float64(l.cpu.Microseconds())/float64(l.committed), "us", conditions),
	}, nil
}

// loaded is what a chain did under load, between two of its blocks.
type loaded struct {
	committed, failed, blocks int
	refused, full             int64
	lasted, cpu, loaderCPU    time.Duration
}

// mark is a moment at which a block was seen.
type mark struct {
	height    int64
	seen      time.Time
	cpu, mine time.Duration
}

func (m *mainChain) mark(height int64, seen time.Time) (mark, error) {
	cpu, err := cpuOf(m.procs...)
	if err != nil {
		return mark{}, err
	}
	mine, err := ownCPU()
	return mark{height: height, seen: seen, cpu: cpu, mine: mine}, err
}

// load sends transactions for stockTime and counts from the second block with any to the last one before the load ended.
func (m *mainChain) load(ctx context.Context, txs [][][]byte) (loaded, error) {
	rpc, err := rpchttp.New(m.nodes[0].RPC, "/websocket")
	if err != nil {
		return loaded{}, err
	}
	start, err := latestHeight(ctx, rpc)
	if err != nil {
		return loaded{}, err
	}
	urls := make([]string, len(m.nodes))
	for i, node := range m.nodes {
		urls[i] = node.RPC
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	l := newLoader(urls)
	ended := make(chan error, 1)
	go func() { ended <- l.run(loading, txs) }()

	var first, last mark
	filled := 0
	following, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err = follow(following, rpc, start, func(height int64, seen time.Time) (bool, error) {
		defer l.wake()
		n, err := transactionsIn(ctx, rpc, height)
		if err != nil || n == 0 && filled == 0 {
			return false, err
		}
		if len(ended) > 0 {
			return true, nil // nothing left to send: the last mark was under load
		}
		if filled++; filled == 1 {
			return false, nil // a part of it came before the load was there
		}
		if last, err = m.mark(height, seen); err != nil {
			return false, err
		}
		if filled == 2 {
			first = last
		}
		return last.seen.Sub(first.seen) >= stockTime, nil
	})
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return loaded{}, err
	}
	if last.height <= first.height {
		return loaded{}, fmt.Errorf("the load was over after %d blocks", filled)
	}
	out := loaded{
		blocks: int(last.height - first.height), lasted: last.seen.Sub(first.seen), cpu: last.cpu - first.cpu, loaderCPU: last.mine - first.mine,
		refused: l.refused.Load(), full: l.full.Load(),
	}
	// Results are read after the clock has stopped: they are many times larger than the transactions.
	for height := first.height + 1; height <= last.height; height++ {
		res, err := rpc.BlockResults(ctx, &height)
		if err != nil {
			return out, err
		}
		for _, t := range res.TxsResults {
			if t.Code == 0 {
				out.committed++
			} else {
				out.failed++
			}
		}
	}
	if out.committed == 0 {
		return out, fmt.Errorf("no transfer was committed, %d failed", out.failed)
	}
	return out, nil
}
