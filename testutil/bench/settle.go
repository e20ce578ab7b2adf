package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/sdk/keyfile"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	// settleVouchers are signed, claimed, proven, settled and paid.
	settleVouchers = 1_000_000
	// trialVouchers are signed first to know how long the others take: their epoch is part of what is signed.
	trialVouchers = 10_000
	// settleTimeout bounds the wait for an epoch's end, for a challenge, and for a payout.
	settleTimeout = 15 * time.Minute
)

// settle has a million vouchers claimed, proven, settled and paid on the running chains.
func (s *scene) settle(ctx context.Context) ([]Result, error) {
	if err := s.needPayers(ctx); err != nil {
		return nil, err
	}
	provider, err := chain.FromMnemonic(s.Providers[0].Mnemonic)
	if err != nil {
		return nil, err
	}
	usage := usagetypes.NewQueryClient(s.service.Conn())
	params, err := usage.Params(ctx, &usagetypes.QueryParamsRequest{})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := s.signAhead(ctx, usage, provider.Address())
	if err != nil {
		return nil, err
	}
	signing := time.Since(began)
	epoch := c.ledger.offer.Epoch
	s.logf("%d vouchers of epoch %d signed after %.0fs", settleVouchers, epoch, signing.Seconds())

	idle, err := s.idleUntil(ctx, usage, epoch)
	if err != nil {
		return nil, err
	}
	from, err := s.moment(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.service.Send(ctx, provider, c.claim()); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	query := &usagetypes.QueryClaimRequest{Provider: provider.Address(), Epoch: epoch}
	var seed []byte
	if err := s.await(ctx, settleTimeout, "the challenge", func(ctx context.Context) error {
		res, err := usage.Claim(ctx, query)
		if err == nil && res.Claim.Status != usagetypes.ClaimStatus_CLAIM_STATUS_CHALLENGED {
			err = fmt.Errorf("the claim is %s", res.Claim.Status)
		}
		if err == nil {
			seed = res.Claim.Seed
		}
		return err
	}); err != nil {
		return nil, err
	}
	proof, err := c.prove([32]byte(seed), params.Params.Samples)
	if err != nil {
		return nil, err
	}
	if _, err := s.service.Send(ctx, provider, proof); err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	var settled time.Time
	var books play.Books
	if err := s.await(ctx, settleTimeout, "the payout", func(ctx context.Context) (err error) {
		if settled.IsZero() {
			if res, err := usage.Claim(ctx, query); err == nil && res.Claim.Status == usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED {
				settled = time.Now()
			}
		}
		if books, err = play.ReadBooks(ctx, s.Network); err != nil {
			return err
		}
		return books.Unsettled
	}); err != nil {
		return nil, err
	}
	to, err := s.moment(ctx)
	if err != nil {
		return nil, err
	}
	if books.Vouchers != settleVouchers || books.Paid+books.Fees != c.root.Sum {
		return nil, fmt.Errorf("%d vouchers over %d utop were claimed, %d utop paid and %d kept as fees", books.Vouchers, c.root.Sum, books.Paid, books.Fees)
	}
	needed, updates, err := s.settling(ctx, from, to)
	if err != nil {
		return nil, err
	}
	lasted, cpu := to.at.Sub(from.at), to.cpu-from.cpu
	conditions := map[string]any{
		"vouchers": settleVouchers, "payers": len(s.payers), "utop": c.root.Sum, "samples": params.Params.Samples,
		"main_validators": len(s.Main.Nodes), "service_validators": len(s.Service.Nodes), "timeout_commit_ms": s.cfg.TimeoutCommit.Milliseconds(), "epoch_blocks": s.cfg.EpochBlocks,
		"signing_s": signing.Seconds(), "signing": "every voucher a session of its own, with its open's, client's and provider's signatures really made, on all cores; one offer for all",
		"claim_to_settled_s": settled.Sub(from.at).Seconds(), "claim_to_paid_s": lasted.Seconds(),
	}
	perMillion := float64(needed) * 1e6 / settleVouchers
	return []Result{
		newResult("settle.txs_per_million", perMillion, "tx", with(conditions, map[string]any{
			"what": "transactions with a claim, a proof, a packet or an acknowledgement on both chains, or a seed by itself, from claim to payout", "client_update_txs_meanwhile": updates,
		})).against("tx: one bank transfer per voucher", 1e6).atMost(4),
		newResult("settle.cpu_s", cpu.Seconds(), "s", with(conditions, map[string]any{
			"what":       "user and system time of all nodes of both chains from claim to payout, empty blocks included",
			"idle_cpu_s": idle * lasted.Seconds(), "idle_what": "what the same nodes used in as much time just before the claim",
			"relayer_cpu_s": (to.relayer - from.relayer).Seconds(),
		})).against("s: a million transfers at stock.4val.cpu_us", s.figures["stock.4val.cpu_us"]),
	}, nil
}

// with adds conditions to those that results share.
func with(conditions, more map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range []map[string]any{conditions, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// signAhead signs the vouchers of an epoch that ends when all are signed, by the time that some of them took.
func (s *scene) signAhead(ctx context.Context, usage usagetypes.QueryClient, provider string) (*claimed, error) {
	identity, err := keyfile.Load(filepath.Join(s.Providers[0].Home, "identity.key"))
	if err != nil {
		return nil, err
	}
	registered, err := usage.Provider(ctx, &usagetypes.QueryProviderRequest{Address: provider})
	if err != nil {
		return nil, err
	}
	now, err := usage.Epoch(ctx, &usagetypes.QueryEpochRequest{})
	if err != nil {
		return nil, err
	}
	offer := &voucher.Offer{
		ChainId: s.Service.ID, Service: "messaging", Provider: provider, ProviderKey: registered.Provider.Key,
		TickUtop: 10, FloatUtop: 2000, VoucherUtop: 1000, Epoch: now.Epoch, Nonce: 1,
	}
	for _, p := range registered.Provider.Prices {
		offer.Prices = append(offer.Prices, &voucher.Price{Measure: p.Measure, Utop: p.Utop})
	}
	began := time.Now()
	if _, err := newLedger(identity, offer, s.payers).sign(trialVouchers); err != nil {
		return nil, err
	}
	takes := time.Since(began).Seconds() * settleVouchers / trialVouchers
	// Epochs last at least this long, so the epoch is rather too late than too early; too early by less than the claim window does no harm either.
	offer.Epoch += uint64(math.Ceil(takes/(float64(s.cfg.EpochBlocks)*s.cfg.TimeoutCommit.Seconds()))) + 1
	return newLedger(identity, offer, s.payers).sign(settleVouchers)
}

// idleUntil waits until an epoch is over and for ten blocks at least, and answers what the chains' nodes use meanwhile, in CPU seconds per second.
func (s *scene) idleUntil(ctx context.Context, usage usagetypes.QueryClient, epoch uint64) (float64, error) {
	from, err := s.moment(ctx)
	if err != nil {
		return 0, err
	}
	var to moment
	err = s.await(ctx, settleTimeout, fmt.Sprintf("the end of epoch %d", epoch), func(ctx context.Context) error {
		now, err := usage.Epoch(ctx, &usagetypes.QueryEpochRequest{})
		if err != nil {
			return err
		}
		if to, err = s.moment(ctx); err != nil {
			return err
		}
		if now.Epoch <= epoch || to.serviceHeight < from.serviceHeight+10 {
			return fmt.Errorf("epoch is %d", now.Epoch)
		}
		return nil
	})
	return (to.cpu - from.cpu).Seconds() / to.at.Sub(from.at).Seconds(), err
}

// moment is where the chains stand.
type moment struct {
	at                        time.Time
	cpu, relayer              time.Duration
	mainHeight, serviceHeight int64
}

func (s *scene) moment(ctx context.Context) (m moment, err error) {
	m.at = time.Now()
	if m.cpu, err = cpuOf(s.chainProcesses()...); err != nil {
		return m, err
	}
	if m.relayer, err = cpuOf(s.Processes(localnet.RoleRelayer)...); err != nil {
		return m, err
	}
	if m.mainHeight, err = latestHeight(ctx, s.mainRPC); err != nil {
		return m, err
	}
	m.serviceHeight, err = latestHeight(ctx, s.serviceRPC)
	return m, err
}

// settling counts transactions between two moments: those that settlement needs, and those that keep the light clients fresh. A seed that comes with a client update is one of these, for it takes the
// place of one: a service chain's view of the main chain is renewed every few seconds whoever claims.
func (s *scene) settling(ctx context.Context, from, to moment) (needed, updates int, err error) {
	need := []string{
		sdk.MsgTypeURL(&usagetypes.MsgClaim{}), sdk.MsgTypeURL(&usagetypes.MsgProve{}),
		sdk.MsgTypeURL(&channeltypesv2.MsgRecvPacket{}), sdk.MsgTypeURL(&channeltypesv2.MsgAcknowledgement{}),
	}
	seed, update := sdk.MsgTypeURL(&usagetypes.MsgDeliverSeed{}), sdk.MsgTypeURL(&clienttypes.MsgUpdateClient{})
	for _, c := range []struct {
		rpc      *rpchttp.HTTP
		from, to int64
	}{{s.mainRPC, from.mainHeight, to.mainHeight}, {s.serviceRPC, from.serviceHeight, to.serviceHeight}} {
		txs, err := messagesIn(ctx, c.rpc, c.from, c.to)
		if err != nil {
			return 0, 0, err
		}
		for _, types := range txs {
			settles := slices.ContainsFunc(types, func(t string) bool { return slices.Contains(need, t) })
			if settles || slices.Contains(types, seed) && !slices.Contains(types, update) {
				needed++
			} else {
				updates++
			}
		}
	}
	return needed, updates, nil
}

func (s *scene) logf(format string, args ...any) {
	s.cfg.Logf("%-14s "+format, append([]any{""}, args...)...)
}
