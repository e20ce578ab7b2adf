package provider

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/bits"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/faults"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// maxShown vouchers go into one answer (x/billing).
const maxShown = 64

// answer is the next message that answers a dispute (docs/adr/006): vouchers of the disputed key, sessions rising after the last one shown, no more than needed and
// no more than fit. missing is what all the evidence falls short of, in utop; then there is no message, for a part of the debit saves nothing.
func answer(d billingtypes.Dispute, evidence iter.Seq2[*voucher.Evidence, error]) (msg *billingtypes.MsgAnswerDispute, missing uint64, err error) {
	msg = &billingtypes.MsgAnswerDispute{
		Provider: d.Provider, ChainId: d.ChainId, Epoch: d.Epoch, ClaimEpoch: d.ClaimEpoch, Payer: d.Payer, SessionKey: d.SessionKey,
	}
	shown := d.Shown
	for e, err := range evidence {
		if shown >= d.Amount {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		// One voucher that does not count would spoil the whole answer.
		if bytes.Compare(e.Voucher.GetSessionId(), d.LastSession) <= 0 || !counts(e, d) {
			continue
		}
		sum, carry := bits.Add64(shown, e.Voucher.AmountUtop, 0)
		if carry != 0 {
			sum = ^uint64(0)
		}
		shown = sum
		if len(msg.Evidence) < maxShown {
			msg.Evidence = append(msg.Evidence, e)
		}
	}
	if shown < d.Amount {
		return nil, d.Amount - shown, nil
	}
	return msg, 0, nil
}

// counts tells whether x/billing will count a voucher towards a dispute.
func counts(e *voucher.Evidence, d billingtypes.Dispute) bool {
	return voucher.VerifyEvidence(e, d.ChainId, d.ClaimEpoch) == nil &&
		e.Offer.Provider == d.Provider && e.Open.Payer == d.Payer && bytes.Equal(e.Open.SessionKey, d.SessionKey)
}

// archive keeps the vouchers of proven claims (metering.Store).
type archive interface {
	Archived() ([]uint64, error)
	Evidence(epoch uint64, payer string, sessionKey []byte) iter.Seq2[*voucher.Evidence, error]
	DropArchive(epoch uint64) error
}

// disputes answers payers who demand vouchers. Every step first asks the chain what was shown, so it can be killed anywhere and run twice.
type disputes struct {
	ledger  Ledger
	store   archive
	log     *slog.Logger
	metrics *metrics
	// told are disputes of which the log knows that they cannot be answered.
	told   map[string]bool
	faults faults.Told
	// tidied is the service chain's epoch in which the archive was last gone through.
	tidied uint64
}

// Step answers every open dispute as far as one message goes, and drops vouchers that nobody can ask for.
func (s *disputes) Step(ctx context.Context) {
	archived, err := s.store.Archived()
	s.note(ctx, "archive", "the archive of vouchers cannot be read, disputes wait; check the disk of provider.data", err)
	if err != nil {
		return
	}
	open, err := s.ledger.Disputes(ctx)
	s.note(ctx, "disputes", "the main chain does not say whether there are disputes, asked again; check chains.main of config.yaml and its nodes", err)
	if err != nil {
		return
	}
	s.metrics.openDisputes.Set(float64(len(open)))
	for _, d := range open {
		s.note(ctx, fmt.Sprint(d.Epoch, "/", d.ID()), "answer to a dispute, tried again", s.answer(ctx, d), "payer", d.Payer, "epoch", d.ClaimEpoch, "utop", d.Amount, "deadline_epoch", d.DeadlineEpoch)
	}
	if len(archived) > 0 {
		s.note(ctx, "tidy", "vouchers that nobody can ask for are not dropped, tried again", s.tidy(ctx, archived))
	}
}

// note counts and logs each failure of a subject once; err is nil when it works.
func (s *disputes) note(ctx context.Context, subject, what string, err error, about ...any) {
	if ctx.Err() == nil && s.faults.News(subject, err) {
		s.metrics.disputeErrors.Inc()
		s.log.Warn(what, append(about, "err", err)...)
	}
}

func (s *disputes) answer(ctx context.Context, d billingtypes.Dispute) error {
	msg, missing, err := answer(d, s.store.Evidence(d.ClaimEpoch, d.Payer, d.SessionKey))
	if err != nil {
		return err
	}
	if missing > 0 {
		if id := fmt.Sprint(d.Epoch, "/", d.ID()); !s.told[id] {
			s.told[id] = true
			s.log.Error("a dispute cannot be answered: the vouchers of that key on disk do not reach the debit; the payer gets it back and the deposit is slashed at the deadline",
				"payer", d.Payer, "epoch", d.ClaimEpoch, "utop", d.Amount, "missing", missing, "deadline_epoch", d.DeadlineEpoch)
		}
		return nil
	}
	left, err := s.ledger.SubmitAnswer(ctx, msg)
	if err != nil {
		return err
	}
	s.log.Info("dispute answered", "payer", d.Payer, "epoch", d.ClaimEpoch, "utop", d.Amount, "vouchers", len(msg.Evidence), "missing", left)
	if left == 0 {
		s.metrics.answered.Inc()
	}
	return nil
}

// tidy drops vouchers once per epoch.
func (s *disputes) tidy(ctx context.Context, archived []uint64) error {
	now, err := s.ledger.Epoch(ctx)
	if err != nil || now == s.tidied {
		return err
	}
	for _, epoch := range archived {
		liable, err := s.ledger.Liable(ctx, epoch)
		if err != nil {
			return err
		}
		if liable {
			continue
		}
		if err := s.store.DropArchive(epoch); err != nil {
			return err
		}
		s.log.Info("vouchers dropped", "epoch", epoch)
	}
	s.tidied = now
	return nil
}
