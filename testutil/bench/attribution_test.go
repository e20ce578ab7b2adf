package bench

import (
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// Samples go by what is on their stack: frames, ticks and vouchers are metering, a charge's write is not, its bill is, and what shows no cause is nobody's.
func TestSamplesAreAttributedByTheirStacks(t *testing.T) {
	const (
		serve = "github.com/topnetwork/top/relayer/metering.(*Sessions).Serve"
		put   = "github.com/topnetwork/top/relayer/services/messaging.(*Mailboxes).Put"
		bill  = "github.com/topnetwork/top/relayer/metering.(*entry).bill"
		sign  = "github.com/topnetwork/top/protocol/voucher.(*Voucher).SignProvider"
		yamux = "github.com/libp2p/go-yamux/v5."
	)
	var p profile.Profile
	sample := func(n int64, stack ...string) {
		s := &profile.Sample{Value: []int64{n, n * 10_000_000}}
		for _, name := range stack {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		p.Sample = append(p.Sample, s)
	}
	sample(1, "crypto/ed25519.Sign", sign, serve)
	sample(2, "runtime.mallocgc", yamux+"(*Stream).Read", serve)
	sample(4, "github.com/cockroachdb/pebble/v2.(*Batch).Commit", inCharge, put)
	sample(8, yamux+"(*Session).sendMsg", inAnswer, bill, inCharge, put)
	sample(16, "runtime.mallocgc", put)
	sample(32, "internal/runtime/syscall/linux.Syscall6", yamux+"(*Session).sendLoop", yamux+"(*Session).send")
	sample(64, "internal/runtime/syscall/linux.Syscall6", yamux+"(*Session).recvLoop", yamux+"(*Session).recv")
	sample(128, "internal/runtime/syscall/linux.EpollWait", "runtime.netpoll", "runtime.findRunnable", "runtime.mcall")
	a := attribute(&p)
	require.Equal(t, map[string]int64{sign: 1, serve: 2, inAnswer: 8}, a.by)
	require.Equal(t, attribution{samples: 255, metering: 11, sending: 32, other: 20, by: a.by}, a)
	require.InDelta(t, (11+32*framesMetering/framesSent)/63, a.share(), 1e-9)
	require.Equal(t, []string{"metering.(*conversation).write 73 %", "metering.(*Sessions).Serve 18 %"}, a.most(2))
}

// A part that costs a tenth of what is left is an overhead of ten percent.
func TestOverheadIsOfWhatIsLeft(t *testing.T) {
	r := profiled{all: saturated{messages: 10, cpu: 11_000}, cost: 100}
	require.InDelta(t, 10, r.overhead(), 1e-9)
}
