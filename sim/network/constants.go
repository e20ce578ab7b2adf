package network

import (
	"fmt"
	"math"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Constants of the model that are measured. Times are CPU time in microseconds.
type Constants struct {
	// Alone is what a transfer costs the only member of a shard, and PerPeer what each further member adds to it: at each member. SDK is a transaction of the slow side without its signatures, Check an Ed25519 signature that is checked alone.
	Alone, PerPeer, SDK, Check float64
	// CrossRatio is a transfer between two shards over one within a shard, all costs of both.
	CrossRatio float64
	// BytesPerAccount in memory, and BaseMiB of a member without accounts.
	BytesPerAccount, BaseMiB float64
	// ProofBytes that a candidate publishes in an epoch.
	ProofBytes float64
	// TransferBytes of a signed transfer on the wire.
	TransferBytes float64
	// Lines that the constants are of, and those that were missing.
	Lines     []string
	Fallbacks []Fallback
}

// Fallback is the value that stands for a line that was not measured.
type Fallback struct {
	Name  string
	Value float64
}

// Values for lines that a run may lack. docs/benchmarks/network-model.md tells where each comes from.
const (
	fallbackSDK       = 2_000
	fallbackVerify    = 25_000
	fallbackRatio     = 2.3
	fallbackAccount   = 237
	fallbackMillion   = 936
	fallbackProofs    = 38_184
	millionAccountMiB = 1_000_000.0 / (1 << 20)
)

// NewConstants from the output of a benchmark. net.cpu_us_1 counts before shard.1val.cpu_us where both are there: it is of the run that is compared with.
func NewConstants(lines Lines) (c Constants, err error) {
	name := "shard.1val.cpu_us"
	if _, ok := lines["net.cpu_us_1"]; ok {
		name = "net.cpu_us_1"
	}
	if c.Alone, err = lines.need(name); err != nil {
		return c, err
	}
	alone, err := lines.need("shard.1val.cpu_us")
	if err != nil {
		return c, err
	}
	four, err := lines.need("shard.4val.cpu_us")
	if err != nil {
		return c, err
	}
	// What a member has to do grows with its peers. The two shard runs are of one machine and one program, so the slope is theirs.
	c.PerPeer = max(0, (four/4-alone)/3)
	c.Lines = []string{name, "shard.4val.cpu_us"}
	if name != "shard.1val.cpu_us" {
		c.Lines = append(c.Lines, "shard.1val.cpu_us")
	}
	c.SDK = lines.or("stock.1val.cpu_us", fallbackSDK, &c.Fallbacks)
	c.Check = 1e6 / lines.or("voucher.verify_per_s", fallbackVerify, &c.Fallbacks)
	c.CrossRatio = lines.or("net.cross.cpu_ratio", fallbackRatio, &c.Fallbacks)
	c.BytesPerAccount = lines.or("shard.bytes_per_account", fallbackAccount, &c.Fallbacks)
	c.BaseMiB = max(0, lines.or("shard.1m.rss_mib", fallbackMillion, &c.Fallbacks)-c.BytesPerAccount*millionAccountMiB)
	c.ProofBytes = lines.or("epoch.bytes_100", fallbackProofs, &c.Fallbacks) / 100
	for _, name := range []string{"stock.1val.cpu_us", "voucher.verify_per_s", "net.cross.cpu_ratio", "shard.bytes_per_account", "shard.1m.rss_mib", "epoch.bytes_100"} {
		if l, ok := lines[name]; ok && l.Value > 0 {
			c.Lines = append(c.Lines, name)
		}
	}
	if c.CrossRatio < 1 {
		return c, fmt.Errorf("net.cross.cpu_ratio is %g: a transfer that crosses cannot cost less than one that does not; that run of the benchmark went wrong", c.CrossRatio)
	}
	c.TransferBytes, err = transferBytes()
	return c, err
}

// PerMember is what a transfer costs each member of a committee of so many.
func (c Constants) PerMember(members int) float64 { return c.Alone + c.PerPeer*float64(members-1) }

// PerReceipt is what a receipt costs each member of its destination.
func (c Constants) PerReceipt(members int) float64 { return (c.CrossRatio - 1) * c.PerMember(members) }

// Quorum of a committee's signatures, checked, beside a transaction of the slow side: a batch of receipts with its header, or an anchor.
func (c Constants) withCommit(members int) float64 { return c.SDK + c.Check*float64(2*members/3+1) }

// transferBytes of a transfer as wallets sign it, on the wire.
func transferBytes() (float64, error) {
	key, err := lattice.NewKey(lattice.Ed25519, make([]byte, 32))
	if err != nil {
		return 0, err
	}
	raw := sendtx.New(lattice.Transfer{Key: key, Sequence: 1 << 30, Amount: lattice.Balance{Utop: 1_000_000}}, "").Signed(make([]byte, sendtx.SignatureSize))
	return float64(len(raw)), nil
}

// Assumptions of the model that nothing measures yet. They are printed with what follows from them.
type Assumptions struct {
	// Ingest, Verify, Execute and Commit share what a transfer costs a member: before it is in a block, while its block is checked, executed, written.
	Ingest, Verify, Execute, Commit float64
	// Serial is the part of a block's work that one core does alone.
	Serial float64
	// BlockWork of a member for a block without transfers, in microseconds.
	BlockWork float64
	// PartCopies and VoteCopies: how often a member has a part of a block and a vote from its peers. Parts and votes go along all links at once, and peers learn late what a member has.
	PartCopies, VoteCopies float64
	// HostUse is how much of its cores and links a host is planned to use.
	HostUse float64
	// MainUse of one core for executing its blocks is what the main chain is planned to use: the SDK executes one transaction after the other.
	MainUse float64
}

// Assumed values; docs/benchmarks/network-model.md says why.
func Assumed() Assumptions {
	return Assumptions{Ingest: 0.5, Verify: 0.15, Execute: 0.2, Commit: 0.15, Serial: 0.3, BlockWork: 3_000, PartCopies: 2, VoteCopies: 2, HostUse: 0.6, MainUse: 0.5}
}

// pieces into which a block's work falls on so many cores (Amdahl).
func (a Assumptions) pieces(cores int) int {
	return max(1, int(math.Round(1/(a.Serial+(1-a.Serial)/float64(cores)))))
}

// Sizes on the wire in bytes: CometBFT's own bounds of a header and a commit (types.MaxHeaderBytes, MaxCommitBytes), ics23's proof of one key in an IAVL store and its multistore.
const (
	headerBytes    = 626
	commitBytes    = 94
	signatureBytes = 112
	proofBytes     = 1_500
	receiptBytes   = 64
	voteBytes      = 230
	hasVoteBytes   = 40
	partBytes      = 64 << 10
	maxBlockBytes  = 4 << 20
	txBytes        = 350
	auditBytes     = 48
)

// provenBytes of a header with its commit, and of a proof under it.
func provenBytes(members int) float64 {
	return headerBytes + commitBytes + signatureBytes*float64(members) + proofBytes + txBytes
}
