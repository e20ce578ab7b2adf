package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	"github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// settling tells whether the shard goes on from a frozen one and has not debited yet what that had sent.
func (k *Keeper) settling(ctx context.Context) (is bool, err error) {
	err = k.Settlements.Walk(ctx, nil, func(string, types.Settlement) (bool, error) { is = true; return true, nil })
	return is, err
}

// taken from a ledger by this shard's accounts, for each destination of theirs.
func (k *Keeper) taken(ctx sdk.Context, source string) (list []types.Taken, err error) {
	shard, err := k.Shard.Get(ctx)
	if err != nil {
		return nil, err
	}
	for _, destination := range append(slices.Clone(shard.Parents), ctx.ChainID()) {
		name := types.InboxName(source, destination, ctx.ChainID())
		box, err := k.inbox(ctx, name)
		if err != nil {
			return nil, err
		}
		parts, err := k.parts(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, takenBy(shard.Prefix(), destination, box.Taken, parts)...)
	}
	return list, nil
}

// part of the shard's accounts, which are ahead of the others.
type part struct {
	prefix lattice.Prefix
	taken  types.Cursor
}

func (k *Keeper) parts(ctx context.Context, inbox string) (list []part, err error) {
	r := new(collections.Range[string]).StartInclusive(inbox + types.PartMark).EndExclusive(inbox + types.PartMark + "2")
	err = k.Inboxes.Walk(ctx, r, func(name string, box types.Inbox) (bool, error) {
		_, prefix, _, err := types.CutPart(name)
		list = append(list, part{prefix, box.Taken})
		return err != nil, err
	})
	return list, err
}

// takenBy the accounts of a prefix: all as far, but for parts of them that are ahead.
func takenBy(p lattice.Prefix, destination string, all types.Cursor, parts []part) []types.Taken {
	within := false
	for _, ahead := range parts {
		// A part may be older than a split: it holds more accounts than there are here.
		if ahead.prefix.Len <= p.Len && p.Bits>>(p.Len-ahead.prefix.Len) == ahead.prefix.Bits {
			return []types.Taken{{Destination: destination, PrefixBits: p.Bits, PrefixLen: uint32(p.Len), Cursor: ahead.taken}}
		}
		within = within || ahead.prefix.Len > p.Len && ahead.prefix.Bits>>(ahead.prefix.Len-p.Len) == p.Bits
	}
	if !within {
		return []types.Taken{{Destination: destination, PrefixBits: p.Bits, PrefixLen: uint32(p.Len), Cursor: all}}
	}
	left, right := p.Children()
	return append(takenBy(left, destination, all, parts), takenBy(right, destination, all, parts)...)
}

// owed is what a ledger has taken from a frozen parent of this shard. It counts when the ledger has heard of the parent's end, for then it takes nothing more, and when its auditors have confirmed that it says so.
func (k *Keeper) owed(ctx sdk.Context, o *types.Owed) error {
	if o.Standing == nil {
		return fmt.Errorf("%w: nobody stands to be settled with", lattice.ErrMalformed)
	}
	s, err := k.Settlements.Get(ctx, o.Standing.Ledger)
	if errors.Is(err, collections.ErrNotFound) {
		return known("there is nothing to be settled for %s", o.Standing.Ledger)
	}
	if err != nil {
		return err
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return err
	}
	if s.HasHeard(o.Ledger) {
		return known("%s has said what it took of %s", o.Ledger, s.Parent)
	}
	heard, taken := types.Heard{Ledger: o.Ledger}, o.Standing.Taken
	if main != "" && o.Ledger == main {
		taken, err = k.owedToMain(ctx, &s, o)
	} else {
		heard, err = k.owedToShard(ctx, &s, main, o)
	}
	if err != nil {
		return err
	}
	if err := s.Add(heard, taken); err != nil {
		return fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
	}
	return k.settle(ctx, s, main)
}

// owedToShard by its own word on how the parent stands.
func (k *Keeper) owedToShard(ctx sdk.Context, s *types.Settlement, main string, o *types.Owed) (types.Heard, error) {
	routing, err := k.routing(ctx)
	if err != nil {
		return types.Heard{}, err
	}
	at := slices.IndexFunc(routing.Routes, func(r types.Route) bool { return r.Name == o.Ledger })
	if at < 0 || o.Ledger == ctx.ChainID() {
		return types.Heard{}, fmt.Errorf("%w: %s has no accounts now", errLedger, o.Ledger)
	}
	heard := types.Heard{Ledger: o.Ledger, PrefixBits: routing.Routes[at].PrefixBits, PrefixLen: routing.Routes[at].PrefixLen}
	if s.Covers(heard.Prefix(), main) {
		return heard, known("what %s took of %s was said by whom it goes on from", o.Ledger, s.Parent)
	}
	value, err := o.Standing.Marshal()
	if err != nil {
		return heard, err
	}
	if err := k.proven(ctx, o.Ledger, types.StandingKey(s.Parent), value, o.Proof); err != nil {
		return heard, err
	}
	// Who ended to become one with its sibling may never have heard of the parent's end. Its last word counts where the sibling knows of that end, so that the one that both become takes nothing more: the sibling is this very shard,
	// or has said so. Of others that have ended who goes on from them will say.
	own, err := k.Shard.Get(ctx)
	if err != nil {
		return heard, err
	}
	ended := o.Standing.Ended && o.Standing.FinalHeight == s.FinalHeight && bytes.Equal(o.Standing.FinalHash, s.FinalHash)
	partner := own.PrefixLen > 0 && heard.Prefix() == own.Prefix().Sibling() || s.PartnerHeard(heard.Prefix(), main)
	closed := o.Standing.Closed && !o.Standing.Ended && partner
	if !ended && !closed {
		return heard, fmt.Errorf("%w: for %s the shard %s has not ended at height %d", errLedger, o.Ledger, s.Parent, s.FinalHeight)
	}
	return heard, k.sure(ctx, o.Ledger, o.Proof)
}

// owedToMain by the main chain's inbox, in a state in which the parent has ended.
func (k *Keeper) owedToMain(ctx sdk.Context, s *types.Settlement, o *types.Owed) ([]types.Taken, error) {
	if o.Record == nil || o.Proof == nil || o.Record.Height != o.Proof.MainHeight || o.Record.Store != shardstypes.StoreKey || !bytes.Equal(o.Record.Key, shardstypes.ShardKey(s.Parent)) {
		return nil, fmt.Errorf("%w: it lacks the record of %s by the header that proves the inbox", lattice.ErrMalformed, s.Parent)
	}
	if err := k.main.Proven(ctx, o.Record.Height, o.Record.Store, o.Record.Key, o.Record.Value, o.Record.Ops); err != nil {
		return nil, err
	}
	var record shardstypes.Shard
	if err := record.Unmarshal(o.Record.Value); err != nil {
		return nil, fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
	}
	if ended := record.Status == shardstypes.Status_STATUS_FROZEN || record.Status == shardstypes.Status_STATUS_RETIRED; !ended || record.FinalHeight != s.FinalHeight || !bytes.Equal(record.FinalHash, s.FinalHash) {
		return nil, fmt.Errorf("%w: the main chain has not let %s end at height %d there", errLedger, s.Parent, s.FinalHeight)
	}
	key, err := types.InboxKey(s.Parent)
	if err != nil {
		return nil, err
	}
	if o.Inbox == nil {
		return nil, k.main.ProvenAbsent(ctx, o.Proof.MainHeight, gatetypes.StoreKey, key, o.Proof.Ops)
	}
	value, err := o.Inbox.Marshal()
	if err != nil {
		return nil, err
	}
	return []types.Taken{{Destination: o.Ledger, Cursor: o.Inbox.Taken}}, k.provenByMain(ctx, key, value, o.Proof)
}

// sure tells whether a ledger's header counts for good: where shards are audited, the one that its auditors have confirmed, or with which it has ended.
func (k *Keeper) sure(ctx context.Context, ledger string, proof *types.Proof) error {
	params, err := k.Params.Get(ctx)
	if err != nil || params.UnauditedUtop == 0 || proof == nil || proof.Header == nil {
		return err
	}
	standing, err := k.standing(ctx, ledger)
	if err != nil || standing.Ended {
		return err
	}
	hash, err := hashOf(proof.Header)
	if err != nil {
		return err
	}
	if height := uint64(proof.Header.Header.Height); height != standing.AuditedHeight || !bytes.Equal(hash, standing.AuditedHash) {
		return fmt.Errorf("%w: header of height %d of %s, whose auditors have confirmed that of %d: prove it by that", errTerm, height, ledger, standing.AuditedHeight)
	}
	return nil
}

// redebit a batch that is owed: its senders pay what others have got already. What went back to where it came from comes once more, and does not go back again.
// A batch that nobody can take any more is refunded: it has never left.
func (k *Keeper) redebit(ctx sdk.Context, r *types.Redebit) ([]lattice.Arrival, error) {
	batch, err := receipt.Decode(r.Batch)
	if err != nil {
		return nil, err
	}
	s, err := k.Settlements.Get(ctx, batch.Source)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, known("there is nothing to be settled for %s", batch.Source)
	}
	if err != nil {
		return nil, err
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return nil, err
	}
	// held are the batch's receipts for accounts of some prefixes; the main chain's are all of one.
	held := func(prefixes []lattice.Prefix) (list []receipt.Receipt) {
		for i := range batch.Receipts {
			bucket := lattice.BucketOf(batch.Receipts[i].Beneficiary())
			if batch.Destination == main || slices.ContainsFunc(prefixes, func(p lattice.Prefix) bool { return p.Holds(bucket) }) {
				list = append(list, batch.Receipts[i])
			}
		}
		return list
	}
	var arrivals []lattice.Arrival
	if paid := s.Pay(&batch); len(paid) > 0 {
		if err := k.Debited.Set(ctx, uint64(ctx.BlockHeight())); err != nil {
			return nil, err
		}
		arrivals, err = k.debit(ctx, &batch, held(paid))
	} else if refunded := s.Refund(&batch); len(refunded) > 0 {
		arrivals, err = k.refund(ctx, &batch, held(refunded))
	} else {
		err = known("the batch of height %d for %s is not the next that is owed, or to be refunded", batch.Height, batch.Destination)
	}
	if err != nil {
		return nil, err
	}
	return arrivals, k.settle(ctx, s, main)
}

// debit receipts of a frozen parent's batch: they have left.
func (k *Keeper) debit(ctx context.Context, batch *receipt.Batch, receipts []receipt.Receipt) (debits []lattice.Arrival, err error) {
	for i := range receipts {
		r := &receipts[i]
		if r.Return {
			if err := k.returned(ctx, r); err != nil {
				return nil, err
			}
			continue
		}
		debits = append(debits, lattice.Arrival{From: r.From, To: r.To, Amount: r.Amount, Transaction: r.Transaction, Debit: true})
	}
	total := coinsOf(receipts)
	if err := k.depart(ctx, total); err != nil {
		return nil, err
	}
	return debits, k.sent(ctx, batch, func(sum sdk.Coins) (sdk.Coins, error) { return sum.Add(utopOf(total)...), nil })
}

// refund receipts of a frozen parent's batch, which have left and arrive nowhere: senders get their coins back, less what they could not pay of what has arrived elsewhere, and what was to go back is tried once more, unless its sender
// has it already. A payment is often in both: in the batch that is refunded, and in the one that was taken in its place.
func (k *Keeper) refund(ctx sdk.Context, batch *receipt.Batch, receipts []receipt.Receipt) ([]lattice.Arrival, error) {
	if err := k.debitsAreKnown(ctx); err != nil {
		return nil, err
	}
	total := coinsOf(receipts)
	if err := k.arrive(ctx, total); err != nil {
		return nil, err
	}
	back := slices.Clone(receipts)
	for i := range back {
		back[i].Return, back[i].Memo = !back[i].Return, ""
	}
	back, err := k.notAgain(ctx, back)
	if err != nil {
		return nil, err
	}
	if back, err = k.payBack(ctx, back); err != nil {
		return nil, err
	}
	return back, k.sent(ctx, batch, func(sum sdk.Coins) (sdk.Coins, error) {
		rest, less := sum.SafeSub(utopOf(total)...)
		if less {
			return nil, fmt.Errorf("%w: %s is to be refunded of %s that %s has sent to %s", errSupply, total, sum, batch.Source, batch.Destination)
		}
		return rest, nil
	})
}

// sent utop of a parent to a destination: another sum.
func (k *Keeper) sent(ctx context.Context, batch *receipt.Batch, change func(sdk.Coins) (sdk.Coins, error)) error {
	name := batch.Source + ">" + batch.Destination
	box, err := k.outbox(ctx, name)
	if err != nil {
		return err
	}
	if box.Total, err = change(box.Total); err != nil {
		return err
	}
	return k.Outboxes.Set(ctx, name, box)
}

// settle with a frozen parent as far as it is; the last step opens the shard.
func (k *Keeper) settle(ctx sdk.Context, s types.Settlement, main string) error {
	routing, err := k.routing(ctx)
	if err != nil {
		return err
	}
	if s.Done(routing.Table(), ctx.ChainID(), main) {
		if err := k.Settlements.Remove(ctx, s.Parent); err != nil {
			return err
		}
		if settling, err := k.settling(ctx); err != nil || settling {
			return err
		}
		return k.Overdrafts.Clear(ctx, nil)
	}
	return k.Settlements.Set(ctx, s.Parent, s)
}

// returned receipt of a frozen parent: its coins are overdrawn until what it returned has come again.
func (k *Keeper) returned(ctx context.Context, r *receipt.Receipt) error {
	encoded := receipt.EncodeOne(r)
	id := types.ReturnID(encoded)
	known, err := k.Returned.Get(ctx, id)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.Returned.Set(ctx, id, types.Returned{Receipt: encoded, Times: known.Times + 1}); err != nil {
		return err
	}
	return k.overdraw(ctx, types.Coins(r.Amount), false)
}

// notAgain leaves out of what arrives what a frozen parent has returned already: its sender has it, so that nobody gets it here, whether there is room now or not.
func (k *Keeper) notAgain(ctx context.Context, receipts []receipt.Receipt) (out []receipt.Receipt, err error) {
	some := false
	if err := k.Returned.Walk(ctx, nil, func([]byte, types.Returned) (bool, error) { some = true; return true, nil }); err != nil || !some {
		return receipts, err
	}
	for i := range receipts {
		back := receipts[i]
		back.Return, back.Memo = true, ""
		id := types.ReturnID(receipt.EncodeOne(&back))
		had, err := k.Returned.Get(ctx, id)
		if receipts[i].Return || errors.Is(err, collections.ErrNotFound) {
			out = append(out, receipts[i])
			continue
		}
		if err != nil {
			return nil, err
		}
		if had.Times--; had.Times == 0 {
			err = k.Returned.Remove(ctx, id)
		} else {
			err = k.Returned.Set(ctx, id, had)
		}
		if err := errors.Join(err, k.overdraw(ctx, types.Coins(back.Amount), true)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// overdraw coins that departed and that nobody here has paid, or take that back. Of other coins than utop no sum is kept of what crosses, so these have not departed.
func (k *Keeper) overdraw(ctx context.Context, coins sdk.Coins, back bool) error {
	head, err := k.Head.Get(ctx)
	if err != nil {
		return err
	}
	for _, c := range coins {
		amount := c.Amount
		if back {
			amount = amount.Neg()
		}
		if c.Denom != sendtx.Utop {
			if err := k.move(ctx, c.Denom, amount); err != nil {
				return err
			}
			continue
		}
		if back {
			head.Overdrawn = head.Overdrawn.Sub(c)
		} else {
			head.Overdrawn = head.Overdrawn.Add(c)
		}
	}
	return k.Head.Set(ctx, head)
}
