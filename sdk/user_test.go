package sdk_test

import (
	"bufio"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	driver "github.com/topnetwork/top/examples/user"
	"github.com/topnetwork/top/sdk"
)

// driven is a user behind pipes, as topuser runs it.
type driven struct {
	t      *testing.T
	in     *io.PipeWriter
	events chan driver.Event
	done   chan error
}

func drive(t *testing.T, w *world, name string) *driven {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	d := &driven{t: t, in: inW, events: make(chan driver.Event, 100), done: make(chan error, 1)}
	cfg := driver.Config{SDK: sdk.Config{Home: t.TempDir(), Ledger: userLedger{w, account(t, name)}, Poll: 50 * time.Millisecond}, Credit: 1_000_000}
	go func() {
		d.done <- driver.Run(t.Context(), cfg, inR, outW)
		_ = outW.Close()
	}()
	go func() {
		defer close(d.events)
		for lines := bufio.NewScanner(outR); lines.Scan(); {
			var e driver.Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Error(err)
			}
			d.events <- e
		}
	}()
	return d
}

func (d *driven) do(line string) {
	_, err := io.WriteString(d.in, line+"\n")
	require.NoError(d.t, err)
}

func (d *driven) expect(event string) driver.Event {
	d.t.Helper()
	select {
	case e := <-d.events:
		require.Equal(d.t, event, e.Event, "%+v", e)
		return e
	case <-time.After(20 * time.Second):
		require.Fail(d.t, "no event", event)
	}
	return driver.Event{}
}

func TestDrivenUser(t *testing.T) {
	w := newWorld()
	newNode(t, w, "p1")
	alice, bob := drive(t, w, "alice"), drive(t, w, "bob")
	ready := alice.expect("ready")
	require.Equal(t, account(t, "alice"), ready.Address)
	to := bob.expect("ready").Contact
	bob.do(`{"op":"offline"}`)
	bob.expect("offline")
	alice.do(`{"op":"send","to":"` + to + `","body":"hi","tag":"1"}`)
	sent := alice.expect("sent")
	require.Equal(t, "1", sent.Tag)
	bob.do(`{"op":"online"}`)
	bob.expect("online")
	m := bob.expect("message")
	require.Equal(t, driver.Event{Event: "message", From: ready.Contact, Body: "hi", ID: sent.ID}, m)
	require.Equal(t, sent.ID, alice.expect("delivered").ID)
	alice.do(`{"op":"bill"}`)
	require.Equal(t, uint64(120), alice.expect("bill").Bill.Due)
	alice.do(`nonsense`)
	alice.expect("error")
	alice.do(`{"op":"fly"}`)
	alice.expect("error")
	alice.do(`{"op":"send","to":"nobody","body":"hi"}`)
	alice.expect("error")
	for _, d := range []*driven{alice, bob} {
		d.do(`{"op":"quit"}`)
		require.NoError(t, <-d.done)
	}
}
