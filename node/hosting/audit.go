package hosting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cometbft/cometbft/crypto"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/protocol/audit"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// auditEvery is how often anchored headers are looked for.
	auditEvery = time.Second
	// auditPatience with a transaction, after which what it said is said again.
	auditPatience = 15 * time.Second
	// standstill of a node, after which it is asked whether its shard has gone wrong.
	standstill = 10 * time.Second
	// maxAudits in one transaction, and the gas of one and of each.
	maxAudits           = 20
	auditGas, gasOfEach = 200_000, 100_000
)

// audited height of a shard.
type said struct {
	shard  string
	height uint64
}

// auditor says of anchored headers what this host's nodes make of them.
type auditor struct {
	h *Host
	// sent: when it was said last.
	sent map[said]time.Time
	// tips of each node that it told last, and since when: one that its shard has left behind answers for moments only.
	tips  map[string]tip
	since map[string]time.Time
	// told what went wrong last, once.
	told string
}

// audit the shards whose auditor the operator is, until the context ends. Nothing is remembered: what the main chain has not heard is said again.
func (h *Host) audit(ctx context.Context) {
	a := &auditor{h: h, sent: map[said]time.Time{}, tips: map[string]tip{}, since: map[string]time.Time{}}
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := a.step(ctx)
		if err == nil {
			a.told = ""
		} else if why := err.Error(); why != a.told && ctx.Err() == nil {
			h.log.Error("headers are not audited", "reason", err)
			a.told = why
		}
	}
}

func (a *auditor) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*answerIn)
	defer cancel()
	a.h.mu.Lock()
	operator := a.h.operator
	a.h.mu.Unlock()
	var audits []shardstypes.Audit
	var errs []error
	for _, c := range a.h.children.Status() {
		if !c.Duty.Audits || len(audits) >= maxAudits {
			continue
		}
		list, err := a.judge(ctx, c, operator)
		audits, errs = append(audits, list...), append(errs, err)
	}
	if len(audits) == 0 {
		return errors.Join(errs...)
	}
	audits = audits[:min(len(audits), maxAudits)]
	return errors.Join(append(errs, a.publish(ctx, audits))...)
}

// look what a shard's node has executed last; false where it does not answer.
func (a *auditor) look(ctx context.Context, c Status, own blocks) (bool, error) {
	if c.Pid == 0 {
		return false, nil
	}
	t, err := tipOf(ctx, own)
	if err != nil {
		return false, err
	}
	if name := c.Duty.ChainID; a.since[name].IsZero() || a.tips[name].height != t.height {
		a.tips[name], a.since[name] = t, time.Now()
	}
	return true, nil
}

// judge the headers of one shard that the operator has said nothing about.
func (a *auditor) judge(ctx context.Context, c Status, operator string) (list []shardstypes.Audit, err error) {
	name := c.Duty.ChainID
	headers, err := a.h.main.headers(ctx, name)
	if err != nil {
		return nil, err
	}
	rpc, err := a.h.rpc(name)
	if err != nil {
		return nil, err
	}
	answers, notTold := a.look(ctx, c, rpc)
	var own blocks
	if answers {
		own = rpc
	}
	var further func(shardstypes.Header) (verdict, error)
	if since := a.since[name]; !since.IsZero() && time.Since(since) > standstill {
		further = func(header shardstypes.Header) (verdict, error) { return a.accuse(ctx, name, header) }
	}
	list, err = a.words(ctx, name, operator, headers, own, further)
	return list, errors.Join(notTold, err)
}

// words on headers that wait for the operator's: by its own node where that answers, and further where it stands still.
func (a *auditor) words(ctx context.Context, name, operator string, headers []shardstypes.Header, own blocks, further func(shardstypes.Header) (verdict, error)) (list []shardstypes.Audit, err error) {
	for _, header := range headers {
		if slices.Contains(header.Confirmed, operator) || slices.Contains(header.Denied, operator) || time.Since(a.sent[said{name, header.Height}]) < auditPatience {
			continue
		}
		v := undecided
		if own != nil {
			if v, err = judge(ctx, own, header); err != nil {
				return list, err
			}
		}
		if v == undecided && further != nil {
			if v, err = further(header); err != nil {
				return list, err
			}
		}
		switch v {
		case undecided:
			// Those above it are no nearer to a node that comes there; where it stands still, one of them may show why.
			if further == nil {
				return list, nil
			}
			continue
		case passed:
			continue
		case deny:
			a.h.log.Error("an anchored header is not what this host's node has made", "shard", name, "height", header.Height, "hash", fmt.Sprintf("%X", header.HeaderHash))
		}
		list = append(list, shardstypes.Audit{Operator: operator, Shard: name, Height: header.Height, HeaderHash: header.HeaderHash, Confirm: v == confirm})
	}
	return list, nil
}

// accuse by the headers of any host that has them.
func (a *auditor) accuse(ctx context.Context, name string, header shardstypes.Header) (verdict, error) {
	failed := fmt.Errorf("no host of %s tells of the blocks before height %d, where this host's node stands still at height %d", name, header.Height, a.tips[name].height)
	for _, e := range a.h.neighbours.reachable(name) {
		others, err := rpchttp.New(e.RPC, "/websocket")
		if err != nil {
			continue
		}
		asked, cancel := context.WithTimeout(ctx, answerIn)
		v, err := accuse(asked, a.tips[name], others, header)
		cancel()
		if err == nil {
			return v, nil
		}
		failed = fmt.Errorf("%w; %s: %w", failed, e.RPC, err)
	}
	return undecided, failed
}

// publish what was found, signed by the key that the operator votes by.
func (a *auditor) publish(ctx context.Context, audits []shardstypes.Audit) error {
	key, err := consensusKey(a.h.cfg.Comet.PrivValidatorKeyFile())
	if err != nil {
		return err
	}
	for i, x := range audits {
		word := audit.Audit{Network: a.h.cfg.ChainID, Shard: x.Shard, Height: x.Height, HeaderHash: x.HeaderHash, Confirm: x.Confirm}
		if err := word.Check(); err != nil {
			return err
		}
		if audits[i].Signature, err = key.Sign(word.SignBytes()); err != nil {
			return err
		}
	}
	if err := a.send(ctx, &shardstypes.MsgAudit{Signer: a.h.cfg.Keys.HotAddress().String(), Audits: audits}, auditGas+gasOfEach*uint64(len(audits))); err != nil {
		return err
	}
	for _, x := range audits {
		a.sent[said{x.Shard, x.Height}] = time.Now()
	}
	return nil
}

// send a transaction of the hot account. It pays what this node asks of others.
func (a *auditor) send(ctx context.Context, msg sdk.Msg, gas uint64) error {
	cfg := a.h.cfg
	address := cfg.Keys.HotAddress().String()
	prices, err := sdk.ParseDecCoins(cfg.App.MinGasPrices)
	if err != nil {
		return err
	}
	var fee sdk.Coins
	for _, p := range prices {
		if amount := p.Amount.Mul(math.LegacyNewDecFromInt(math.NewIntFromUint64(gas))).Ceil().RoundInt(); amount.IsPositive() {
			fee = fee.Add(sdk.NewCoin(p.Denom, amount))
		}
	}
	res, err := authtypes.NewQueryClient(cfg.Client).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: address})
	if err != nil {
		return fmt.Errorf("account of the hot key: %w", err)
	}
	bz, err := cfg.Keys.SignPaying(ctx, cfg.Client.TxConfig, cfg.ChainID, res.Info.AccountNumber, res.Info.Sequence, gas, fee, msg)
	if err != nil {
		return err
	}
	sent, err := cfg.Client.Client.BroadcastTxSync(ctx, bz)
	if err != nil {
		return err
	}
	if sent.Codespace == sdkerrors.RootCodespace && (sent.Code == sdkerrors.ErrInsufficientFunds.ABCICode() || sent.Code == sdkerrors.ErrInsufficientFee.ABCICode()) {
		return fmt.Errorf("audits are paid by this node's hot account %s, which cannot: send it utop, %s for each transaction, or more where other nodes ask for more: %s", address, fee, sent.Log)
	}
	if sent.Code != 0 {
		return fmt.Errorf("refused: %s", sent.Log)
	}
	return nil
}

// consensusKey of a file. What it signs here begins unlike any vote (protocol/audit).
func consensusKey(path string) (crypto.PrivKey, error) {
	bz, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var key privval.FilePVKey
	if err := cmtjson.Unmarshal(bz, &key); err != nil {
		return nil, fmt.Errorf("%s: %w; restore it from a backup", path, err)
	}
	if key.PrivKey == nil {
		return nil, fmt.Errorf("%s has no priv_key: restore it from a backup", path)
	}
	return key.PrivKey, nil
}
