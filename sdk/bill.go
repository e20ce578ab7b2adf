package sdk

import (
	"encoding/hex"

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
