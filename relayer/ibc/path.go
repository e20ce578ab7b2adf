package ibc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/sdk/chain"
)

const (
	// maxBacklog of packets looked at per round, maxBatch of packets per transaction.
	maxBacklog = 500
	maxBatch   = 40
	// maxUpdates of a client per transaction; a header of a large committee is 40 kB.
	maxUpdates = 5
)

// Path relays one direction: packets from Source to Destination, and their acknowledgements and timeouts back.
type Path struct {
	Source, Destination *Endpoint
	// SourceClient is the source's client of the destination, DestinationClient the reverse.
	SourceClient, DestinationClient string
	// Refresh bounds the age of what the destination knows of the source; 0 leaves it to a third of the trusting period.
	Refresh time.Duration
	// Seeds tells that the source is the main chain, whose seeds the destination waits for.
	Seeds   bool
	Log     *slog.Logger
	Metrics *Metrics

	// oldest packet that waits, and since when.
	oldest sending
	// redundant are packets that the destination refused as received before.
	redundant map[uint64]bool
	// audit is of the auditing goroutine alone.
	audit audit

	mu sync.Mutex
	// said is what nodes said in the last step, nil when that was audited; found what an audit found and the next step delivers.
	said  *round
	found round
}

// round is which packets are to be looked at, and which of them have not arrived.
type round struct {
	sequences []uint64
	open      map[uint64]bool
}

// with adds what was found, which outweighs what was said.
func (r round) with(found round) round {
	all := round{slices.Clone(r.sequences), maps.Clone(r.open)}
	for _, s := range found.sequences {
		if !slices.Contains(all.sequences, s) {
			all.sequences = append(all.sequences, s)
		}
		if delete(all.open, s); found.open[s] {
			all.open[s] = true
		}
	}
	return all
}

// next is what a step has to do, given what the nodes say.
func (p *Path) next(said round) round {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.found
	p.said, p.found = &said, round{}
	return said.with(found)
}

// toAudit takes what the last step was told; what was audited once is not audited again.
func (p *Path) toAudit() (round, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		return round{}, false
	}
	said := *p.said
	p.said = nil
	return said, true
}

func (p *Path) deliverNext(found round) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = found
}

// sending is when a packet was sent.
type sending struct {
	sequence uint64
	at       time.Time
}

// waiting notes since when the oldest packet waits that is not received; height is its block's.
func (p *Path) waiting(ctx context.Context, sequence uint64, height int64) error {
	if p.oldest.sequence == sequence || p.oldest.sequence != 0 && sequence > p.oldest.sequence {
		return nil
	}
	at, err := p.Source.timeOf(ctx, height)
	if err != nil {
		return err
	}
	p.oldest = sending{sequence, at}
	p.Metrics.waitingSince(p, at)
	return nil
}

// Step does whatever there is to do now. Errors of single packets do not keep others waiting.
func (p *Path) Step(ctx context.Context) error {
	sequences, err := p.Source.commitments(ctx, p.SourceClient)
	if err != nil {
		return err
	}
	open, err := p.unreceived(ctx, sequences)
	if err != nil {
		return err
	}
	todo := p.next(round{sequences, open})
	if !todo.open[p.oldest.sequence] {
		p.oldest = sending{}
		p.Metrics.waitingSince(p, time.Time{})
	}
	p.Metrics.backlog(p, len(todo.open), len(todo.sequences)-len(todo.open))
	var toReceive, toAck []uint64
	for _, s := range todo.sequences {
		if todo.open[s] {
			toReceive = append(toReceive, s)
		} else {
			toAck = append(toAck, s)
		}
	}
	failed := errors.Join(p.receive(ctx, toReceive), p.acknowledge(ctx, toAck))
	if p.Seeds {
		failed = errors.Join(failed, p.seed(ctx))
	}
	// Last: whatever was sent before has made the client fresh.
	return errors.Join(failed, p.refresh(ctx))
}

// unreceived asks the destination which packets have not arrived. A node that names one that the chain has refused as received before loses its turn, and the next is asked.
func (p *Path) unreceived(ctx context.Context, sequences []uint64) (map[uint64]bool, error) {
	open, err := p.Destination.unreceived(ctx, p.DestinationClient, sequences)
	redundant := p.redundant
	p.redundant = nil
	if err != nil || !slices.ContainsFunc(sequences, func(s uint64) bool { return open[s] && redundant[s] }) {
		return open, err
	}
	p.Destination.Rotate()
	return p.Destination.unreceived(ctx, p.DestinationClient, sequences)
}

// update answers the messages that bring a client of `of` on `on` up to height, or none when it is there. There are several where the validators have changed too much for one
// header to be believed; of many, all but the last are sent at once.
func update(ctx context.Context, on *Endpoint, clientID string, of *Endpoint, height int64) ([]sdk.Msg, error) {
	state, err := on.clientState(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if state.LatestHeight.RevisionHeight >= uint64(height) {
		if _, err := on.consensusState(ctx, clientID, of.proofHeight(height)); err == nil {
			return nil, nil
		}
	}
	trusted, err := on.consensusState(ctx, clientID, state.LatestHeight)
	if err != nil {
		return nil, err
	}
	heights, err := of.route(ctx, state, height)
	if err != nil {
		return nil, err
	}
	var msgs []sdk.Msg
	from, nextValidators := state.LatestHeight, trusted.NextValidatorsHash
	for _, h := range heights {
		header, err := of.header(ctx, h, from, nextValidators)
		if err != nil {
			return nil, err
		}
		msg, err := clienttypes.NewMsgUpdateClient(clientID, header, on.Signer())
		if err != nil {
			return nil, err
		}
		if len(msgs) == maxUpdates {
			if _, err := on.Send(ctx, on.key, msgs...); err != nil {
				return nil, fmt.Errorf("client %s on %s up to header %s of %s: %w", clientID, on.ChainID(), from, of.ChainID(), err)
			}
			msgs = nil
		}
		msgs = append(msgs, msg)
		from, nextValidators = of.proofHeight(h), header.Header.NextValidatorsHash
	}
	return msgs, nil
}

// submit sends packet messages after one client update. A batch that fails is split, so that one bad packet is found and the others arrive.
func (p *Path) submit(ctx context.Context, on *Endpoint, clientID string, of *Endpoint, height int64, what string, msgs []sdk.Msg) error {
	if len(msgs) == 0 {
		return nil
	}
	if len(msgs) > maxBatch {
		return errors.Join(
			p.submit(ctx, on, clientID, of, height, what, msgs[:maxBatch]),
			p.submit(ctx, on, clientID, of, height, what, msgs[maxBatch:]))
	}
	first, err := update(ctx, on, clientID, of, height)
	if err != nil {
		return err
	}
	res, err := on.Send(ctx, on.key, append(first, msgs...)...)
	if redundant(err) {
		p.Log.Info("another relayer was faster", "what", what, "chain", on.ChainID(), "packets", len(msgs))
		p.Metrics.redundant(on.ChainID(), what, len(msgs))
		p.noteRedundant(msgs)
		return nil
	}
	if err == nil {
		p.Log.Info(what, "chain", on.ChainID(), "client", clientID, "packets", len(msgs), "tx", res.Hash, "height", res.Height)
		p.Metrics.relayed(on.ChainID(), what, len(msgs))
		return nil
	}
	p.Metrics.txFailed(on.ChainID(), err)
	// The node whose header and proofs were refused has lost its turn; a chain that does not answer is not asked again in smaller parts.
	of.nodes.rotate()
	if len(msgs) == 1 || ctx.Err() != nil || !chain.Refused(err) {
		return fmt.Errorf("%s on %s: %w", what, on.ChainID(), err)
	}
	p.Log.Warn("batch failed, splitting", "what", what, "chain", on.ChainID(), "packets", len(msgs), "error", err)
	half := len(msgs) / 2
	return errors.Join(
		p.submit(ctx, on, clientID, of, height, what, msgs[:half]),
		p.submit(ctx, on, clientID, of, height, what, msgs[half:]))
}

// noteRedundant keeps which packets the destination has received by its own refusal.
func (p *Path) noteRedundant(msgs []sdk.Msg) {
	for _, m := range msgs {
		if receive, ok := m.(*channeltypesv2.MsgRecvPacket); ok {
			if p.redundant == nil {
				p.redundant = map[uint64]bool{}
			}
			p.redundant[receive.Packet.Sequence] = true
		}
	}
}

// redundant tells whether the chain turned a transaction away because all its packets have been relayed.
func redundant(err error) bool {
	return errors.Is(err, &chain.TxError{Codespace: channeltypes.ErrRedundantTx.Codespace(), Code: channeltypes.ErrRedundantTx.ABCICode()})
}

// timedOut tells whether a packet can no longer be received at a time of the destination.
func timedOut(packet channeltypesv2.Packet, now time.Time) bool {
	return uint64(now.Unix()) >= packet.TimeoutTimestamp
}
