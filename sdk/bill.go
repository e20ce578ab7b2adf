package sdk

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/sdk/session"
)

// Bill is what the client has used, by its own meter. Amounts in utop.
type Bill struct {
	// Due is the cost of everything used, Vouchered what was signed for, past sessions included.
	Due, Vouchered uint64
	// Messages deposited.
	Messages uint64
	// Sessions that are open or not yet settled.
	Sessions []SessionBill
}

// SessionBill is one session's part.
type SessionBill struct {
	Session  string // hex
	Provider string // account
	Epoch    uint64
	Usage    map[string]uint64
	// Ticked is what ticks have paid, Float how far Due may run ahead of it.
	Due, Ticked, Vouchered, Float uint64
}

func sessionBill(a session.Account) SessionBill {
	b := SessionBill{
		Session: hex.EncodeToString(a.Session[:]), Provider: a.Provider, Epoch: a.Epoch, Usage: map[string]uint64{},
		Due: a.Due, Ticked: a.Ticked, Vouchered: a.Vouchered, Float: a.Float,
	}
	for _, u := range a.Usage {
		b.Usage[u.Measure] = u.Quantity
	}
	return b
}

// totals of sessions that are settled and gone.
type totals struct{ Due, Vouchered, Messages uint64 }

func messages(a session.Account) uint64 {
	for _, u := range a.Usage {
		if u.Measure == messaging.MeasureMessage {
			return u.Quantity
		}
	}
	return 0
}

// bill sums live sessions by their own meters, others as last saved.
func (p *purse) bill() Bill {
	live, states := p.snapshot()
	p.mu.Lock()
	b := Bill{Due: p.totals.Due, Vouchered: p.totals.Vouchered, Messages: p.totals.Messages}
	p.mu.Unlock()
	for _, s := range states {
		a := s.Account()
		if current := live[string(s.Offer.ProviderKey)]; current != nil && current.ID() == s.ID() {
			a = current.Account()
		}
		b.Due += a.Due
		b.Vouchered += a.Vouchered
		b.Messages += messages(a)
		b.Sessions = append(b.Sessions, sessionBill(a))
	}
	slices.SortFunc(b.Sessions, func(x, y SessionBill) int {
		return cmp.Or(cmp.Compare(x.Epoch, y.Epoch), strings.Compare(x.Session, y.Session))
	})
	return b
}

// changed offers the newest bill to whoever reads updates.
func (p *purse) changed() {
	b := p.bill()
	for {
		select {
		case p.updates <- b:
			return
		default:
		}
		select {
		case <-p.updates:
		default:
		}
	}
}
