package ibc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	Log     *slog.Logger
	Metrics *Metrics

	// oldest packet that waits, and since when.
	oldest sending
	audit  audit
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
	var failed error
	auditing := time.Since(p.audit.last) >= auditEvery
	if auditing {
		p.audit.last = time.Now()
		sequences, failed = p.auditSource(ctx, sequences)
	}
	open, err := p.Destination.unreceived(ctx, p.DestinationClient, sequences)
	if err != nil {
		return errors.Join(failed, err)
	}
	if auditing {
		hidden, err := p.auditDestination(ctx, slices.DeleteFunc(slices.Clone(sequences), func(s uint64) bool { return open[s] }))
		failed = errors.Join(failed, err)
		for _, s := range hidden {
			open[s] = true
		}
	}
	if !open[p.oldest.sequence] {
		p.oldest = sending{}
		p.Metrics.waitingSince(p, time.Time{})
	}
	p.Metrics.backlog(p, len(open), len(sequences)-len(open))
	var toReceive, toAck []uint64
	for _, s := range sequences {
		if open[s] {
			toReceive = append(toReceive, s)
		} else {
			toAck = append(toAck, s)
		}
	}
	return errors.Join(failed, p.receive(ctx, toReceive), p.acknowledge(ctx, toAck), p.refresh(ctx))
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

// redundant tells whether the chain turned a transaction away because all its packets have been relayed.
func redundant(err error) bool {
	return errors.Is(err, &chain.TxError{Codespace: channeltypes.ErrRedundantTx.Codespace(), Code: channeltypes.ErrRedundantTx.ABCICode()})
}

// timedOut tells whether a packet can no longer be received at a time of the destination.
func timedOut(packet channeltypesv2.Packet, now time.Time) bool {
	return uint64(now.Unix()) >= packet.TimeoutTimestamp
}
