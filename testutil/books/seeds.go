package books

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	usagekeeper "github.com/topnetwork/top/x/usage/keeper"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// In an epoch of the main chain sealing begins with the block after so many, and the seed is there after so many.
const (
	sealingAfter = 3
	seedAfter    = 6
)

// Seeds are those that the main chain has published, as x/sortition would.
type Seeds struct {
	Published []sortitiontypes.PublishedSeed
	// Held keeps blocks from bringing them to the service chain, None the main chain from making any.
	Held, None bool

	sealing sortition.Moment
}

// FarSeed challenges whatever is committed in our time.
func FarSeed() *sortitiontypes.PublishedSeed {
	hash := sha256.Sum256([]byte("far seed"))
	return &sortitiontypes.PublishedSeed{Epoch: 1 << 40, Seed: hash[:], SealingHeight: 1 << 50, SealingTime: 1 << 62}
}

// seal does what is due in the main chain's block.
func (n *Network) seal() {
	ctx, s := n.Main.Ctx, &n.Seeds
	now := epoch.At(ctx.BlockHeight(), EpochBlocks)
	switch ctx.BlockHeight() - epoch.First(now, EpochBlocks) {
	case sealingAfter:
		s.sealing = sortition.Moment{Height: ctx.BlockHeight(), Time: ctx.BlockTime().UnixNano()}
	case seedAfter:
		if s.None || s.sealing.Height == 0 {
			return
		}
		hash := sha256.Sum256(fmt.Appendf(nil, "seed %d", now+1))
		p := sortitiontypes.PublishedSeed{Epoch: now + 1, Seed: hash[:], SealingHeight: s.sealing.Height, SealingTime: s.sealing.Time}
		if last := len(s.Published) - 1; last >= 0 {
			p.PreviousHeight, p.PreviousTime = s.Published[last].SealingHeight, s.Published[last].SealingTime
		}
		s.Published = append(s.Published, p)
		n.Service.Clients.Stored[string(sortitiontypes.PublishedSeedKey(p.Epoch))] = encodeSeed(p)
	}
}

func encodeSeed(p sortitiontypes.PublishedSeed) []byte {
	bz, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return bz
}

// SeedMsg delivers a seed with what passes for its proof.
func (n *Network) SeedMsg(p sortitiontypes.PublishedSeed) *usagetypes.MsgDeliverSeed {
	return &usagetypes.MsgDeliverSeed{
		Sender: Address("relayer"), Epoch: p.Epoch, Value: encodeSeed(p), Proof: bytes.Clone(proven), ProofHeight: uint64(n.Service.Clients.Height),
	}
}

// AwaitedSeed is the published seed that the service chain waits for, if it waits for one that is made.
func (n *Network) AwaitedSeed(t require.TestingT) (sortitiontypes.PublishedSeed, bool) {
	res, err := usagekeeper.NewQueryServer(n.Service.Usage).AwaitedSeed(n.Service.Ctx, &usagetypes.QueryAwaitedSeedRequest{})
	if status.Code(err) == codes.NotFound {
		return sortitiontypes.PublishedSeed{}, false
	}
	require.NoError(t, err)
	for _, p := range n.Seeds.Published {
		if sortition.FirstAfter(sortition.Moment{Height: res.AfterHeight, Time: res.AfterTime}, p.Previous(), p.Sealing()) {
			return p, true
		}
	}
	return sortitiontypes.PublishedSeed{}, false
}

// RelaySeed does what a relayer does: it brings the seed that is awaited.
func (n *Network) RelaySeed(t require.TestingT) {
	if p, ok := n.AwaitedSeed(t); ok {
		_, err := Do(n.Service.Ctx, n.Service.Usage.DeliverSeed, n.SeedMsg(p))
		require.NoError(t, err)
	}
}

// Challenged makes blocks until a claim of the provider's has its challenge.
func (n *Network) Challenged(t testing.TB, provider string, epoch uint64) usagetypes.Claim {
	t.Helper()
	for range 3 * EpochBlocks {
		if c := n.Claimed(t, provider, epoch); c.Status != usagetypes.ClaimStatus_CLAIM_STATUS_CLAIMED {
			return c
		}
		n.Block(t)
	}
	require.FailNow(t, "no challenge", "%s, epoch %d", provider, epoch)
	return usagetypes.Claim{}
}
