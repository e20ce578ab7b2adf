package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"time"

	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/relayer/metering"
	"github.com/topnetwork/top/sdk/chain"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// claims turns the vouchers of past epochs into claims, and challenges into proofs. Every step first asks the chain where
// things stand, so it can be killed anywhere and run twice.
type claims struct {
	ledger   Ledger
	sessions *metering.Sessions
	// grace is how long clients may still sign final vouchers after their epoch.
	grace   time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics

	ended map[uint64]time.Time
	told  faults.Told
}

// Step does what can be done now. A failing epoch does not hold up the others.
func (c *claims) Step(ctx context.Context) {
	past := c.sessions.Past()
	if len(past) == 0 {
		return
	}
	terms, err := c.ledger.Terms(ctx)
	c.note(ctx, "terms", "the service chain does not say what claims it takes, asked again; check chains.service of config.yaml and its nodes", err)
	if err != nil {
		return
	}
	for _, p := range past {
		err := c.epoch(ctx, p, terms)
		if ctx.Err() != nil {
			return
		}
		c.note(ctx, subject(p.Epoch), "claim not done, tried again", err, "epoch", p.Epoch)
	}
}

func subject(epoch uint64) string { return fmt.Sprint("epoch ", epoch) }

// note counts and logs each failure of a subject once; err is nil when it works.
func (c *claims) note(ctx context.Context, subject, what string, err error, about ...any) {
	if ctx.Err() == nil && c.told.News(subject, err) {
		c.metrics.claimErrors.Inc()
		c.log.Warn(what, append(about, "err", err)...)
	}
}

func (c *claims) epoch(ctx context.Context, p metering.Past, terms Terms) error {
	onChain, found, err := c.ledger.Claim(ctx, p.Epoch)
	if err != nil {
		return err
	}
	if !found {
		return c.submit(ctx, p, terms)
	}
	c.sessions.Freeze(p.Epoch)
	c.sessions.Claimed(p.Epoch)
	switch onChain.Status {
	case usagetypes.ClaimStatus_CLAIM_STATUS_CHALLENGED:
		return c.prove(ctx, p, onChain, terms)
	case usagetypes.ClaimStatus_CLAIM_STATUS_PROVEN, usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED:
		if err := c.sessions.Archive(p.Epoch); err != nil {
			return err
		}
		c.metrics.proven.Add(float64(onChain.Sum))
		c.log.Info("claim proven", "epoch", p.Epoch, "utop", onChain.Sum, "vouchers", onChain.Count)
		c.over(p, onChain.Sum)
		return nil
	case usagetypes.ClaimStatus_CLAIM_STATUS_FORFEITED:
		return c.forget(p, "claim forfeited: its proof came too late; keep the provider running and its service chain within reach")
	}
	return nil // waiting for the challenge
}

// forget an epoch of which nothing can be had any more.
func (c *claims) forget(p metering.Past, why string) error {
	if err := c.sessions.Forget(p.Epoch); err != nil {
		return err
	}
	if lost := c.over(p, 0); lost > 0 {
		c.log.Error(why, "epoch", p.Epoch, "utop", lost)
	}
	return nil
}

// over closes the books of an epoch that earned so much, and answers what was vouchered and is lost: only now is that final.
func (c *claims) over(p metering.Past, earned uint64) (lost uint64) {
	delete(c.ended, p.Epoch)
	for _, e := range p.Evidence {
		lost += e.Voucher.AmountUtop
		c.told.News(string(e.Voucher.SessionId), nil)
	}
	lost -= min(lost, earned)
	c.metrics.lost.Add(float64(lost))
	return lost
}

func (c *claims) submit(ctx context.Context, p metering.Past, terms Terms) error {
	if c.sessions.Epoch() > p.Epoch+terms.Window {
		return c.forget(p, "epoch can no longer be claimed; the log says since when and why it was not")
	}
	if _, known := c.ended[p.Epoch]; !known {
		c.ended[p.Epoch] = c.now()
	}
	// An epoch is claimed once: as long as clients may still sign for what they used, waiting is income.
	if p.Open > 0 && c.now().Sub(c.ended[p.Epoch]) < c.grace {
		return nil
	}
	if len(p.Evidence) == 0 {
		return c.forget(p, "")
	}
	c.sessions.Freeze(p.Epoch)
	// Vouchers may have come since p was read; from here on none does.
	i := slices.IndexFunc(c.sessions.Past(), func(q metering.Past) bool { return q.Epoch == p.Epoch })
	evidence, err := c.claimable(ctx, p.Epoch, c.sessions.Past()[i].Evidence, terms)
	if err == nil && len(evidence) == 0 {
		err = errors.New("no voucher can be claimed: payers must allot more (the log names them), or it is lost when the chain's window closes")
	}
	if err != nil {
		return errors.Join(err, c.sessions.Thaw(p.Epoch))
	}
	tree, leaves, err := build(evidence)
	if err != nil {
		return err
	}
	root := tree.Root()
	record := &metering.ClaimRecord{Epoch: p.Epoch, Root: root.Hash[:]}
	for _, e := range evidence {
		id := e.Open.SessionID()
		record.SessionIds = append(record.SessionIds, id[:])
	}
	if err := c.sessions.Store().SaveClaim(record); err != nil {
		return err
	}
	debits, err := debits(leaves)
	if err != nil {
		return err
	}
	c.log.Info("claiming", "epoch", p.Epoch, "utop", root.Sum, "vouchers", root.Count)
	return c.ledger.SubmitClaim(ctx, &usagetypes.MsgClaim{
		Provider: c.ledger.Address(), Epoch: p.Epoch, Root: root.Hash[:], Sum: root.Sum, Count: root.Count, Debits: debits,
	})
}

// claimable leaves out what the chain would refuse, the least valuable first: one payer that is short must not spoil the
// claim of all others.
func (c *claims) claimable(ctx context.Context, epoch uint64, evidence []*voucher.Evidence, terms Terms) ([]*voucher.Evidence, error) {
	slices.SortFunc(evidence, func(a, b *voucher.Evidence) int {
		return cmp.Or(cmp.Compare(b.Voucher.AmountUtop, a.Voucher.AmountUtop), slices.Compare(a.Voucher.SessionId, b.Voucher.SessionId))
	})
	type pair struct{ payer, key string }
	guarantees, byLine := map[pair]metering.Guarantee{}, map[pair]uint64{}
	var fitting []*voucher.Evidence
	var total uint64
	// A leaf that the chain would not accept costs the whole claim when it is sampled.
	wrong := voucher.VerifyAll(evidence, c.ledger.ChainID(), epoch)
	for i, e := range evidence {
		k := pair{e.Open.Payer, string(e.Open.SessionKey)}
		g, known := guarantees[k]
		if !known {
			var err error
			if g, err = c.ledger.Guarantee(ctx, k.payer, e.Open.SessionKey); err != nil {
				return nil, err
			}
			guarantees[k] = g
		}
		amount := e.Voucher.AmountUtop
		line, carry1 := bits.Add64(byLine[k], amount, 0)
		sum, carry2 := bits.Add64(total, amount, 0)
		_, counted := byLine[k]
		reason := wrong[i]
		switch {
		case reason != nil:
		case !counted && len(byLine) >= int(terms.MaxDebits):
			reason = fmt.Errorf("the claim has %d debits already", terms.MaxDebits)
		case carry1+carry2 != 0 || line > g.Claimable:
			reason = fmt.Errorf("the sub-line guarantees %d utop", g.Claimable)
		case !g.KeyKnown || g.KeyExpires < epoch:
			reason = fmt.Errorf("the session key was good until epoch %d", g.KeyExpires)
		}
		if reason != nil {
			if c.told.News(string(e.Voucher.SessionId), reason) {
				c.log.Error("voucher not claimed: what its payer does not cover in time is lost", "epoch", epoch, "utop", amount, "payer", k.payer, "err", reason)
			}
			continue
		}
		byLine[k], total = line, sum
		fitting = append(fitting, e)
	}
	return fitting, nil
}

func (c *claims) prove(ctx context.Context, p metering.Past, onChain usagetypes.Claim, terms Terms) error {
	record, err := c.sessions.Store().LoadClaim(p.Epoch, onChain.Root)
	if errors.Is(err, metering.ErrNoRecord) {
		return fmt.Errorf("the claim on chain was not made from this database: restore epoch %d's from a backup: %w", p.Epoch, err)
	}
	if err != nil {
		return err
	}
	byID := map[string]*voucher.Evidence{}
	for _, e := range p.Evidence {
		byID[string(e.Voucher.SessionId)] = e
	}
	var evidence []*voucher.Evidence
	for _, id := range record.SessionIds {
		if e := byID[string(id)]; e != nil {
			evidence = append(evidence, e)
		}
	}
	tree, _, err := build(evidence)
	if err != nil {
		return err
	}
	root := tree.Root()
	if string(root.Hash[:]) != string(onChain.Root) || len(onChain.Seed) != 32 {
		return fmt.Errorf("the claim's tree cannot be built again: its vouchers changed")
	}
	msg := &usagetypes.MsgProve{Provider: c.ledger.Address(), Epoch: p.Epoch}
	for _, point := range claim.Points([32]byte(onChain.Seed), root.Sum, terms.Samples) {
		index, err := tree.At(point)
		if err != nil {
			return err
		}
		proof := usagetypes.LeafProof{Evidence: evidence[index]}
		path, err := tree.Prove(index)
		if err != nil {
			return err
		}
		for _, n := range path {
			proof.Path = append(proof.Path, usagetypes.PathNode{
				Hash: n.Hash[:], Sum: n.Sum, Count: n.Count, First: n.First, Last: n.Last, Left: n.Left,
			})
		}
		msg.Proofs = append(msg.Proofs, proof)
	}
	return c.ledger.SubmitProof(ctx, msg)
}

// build sorts evidence by leaf key, in place, and makes its tree.
func build(evidence []*voucher.Evidence) (*claim.Tree, []claim.Leaf, error) {
	keys := make(map[*voucher.Evidence]claim.Key, len(evidence))
	for _, e := range evidence {
		_, payer, err := bech32.DecodeAndConvert(e.Open.Payer)
		if err != nil {
			return nil, nil, fmt.Errorf("payer: %w", err)
		}
		if keys[e], err = claim.LeafKey(payer, e.Open.SessionKey, e.Voucher.SessionId); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(evidence, func(a, b *voucher.Evidence) int { return slices.Compare(keys[a], keys[b]) })
	leaves := make([]claim.Leaf, len(evidence))
	for i, e := range evidence {
		leaves[i] = claim.Leaf{Key: keys[e], Amount: e.Voucher.AmountUtop, Evidence: e.Hash()}
	}
	tree, err := claim.Build(leaves)
	return tree, leaves, err
}

func debits(leaves []claim.Leaf) ([]usagetypes.Debit, error) {
	var debits []usagetypes.Debit
	for _, d := range claim.Debits(leaves) {
		payer, err := bech32.ConvertAndEncode(chain.Prefix, d.Payer)
		if err != nil {
			return nil, err
		}
		debits = append(debits, usagetypes.Debit{Payer: payer, SessionKey: d.SessionKey, Amount: d.Amount})
	}
	return debits, nil
}
