package ibc

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/sdk/chain"
)

// history is who votes at each height, from height 0 on; everyone signs.
type history [][]string

// reaches as a light client at trust level 2/3 decides it: the set after from, in the commit of to.
func (h history) reaches(from, to int64) (bool, error) {
	signed := 0
	for _, name := range h[from+1] {
		if slices.Contains(h[to], name) {
			signed++
		}
	}
	return 3*signed > 2*len(h[from+1]), nil
}

// rotating has terms of so many blocks, at whose end the oldest of five members gives its seat to a new one.
func rotating(terms, blocks int) history {
	var h history
	for term := range terms {
		set := []string{}
		for seat := range 5 {
			set = append(set, fmt.Sprint("n", term+seat))
		}
		for range blocks {
			h = append(h, set)
		}
	}
	return h
}

func TestRoute(t *testing.T) {
	one := rotating(1, 100)
	heights, err := route(3, 99, one.reaches)
	require.NoError(t, err)
	require.Equal(t, []int64{99}, heights, "without a change one header does")

	// Of five members four reach over one change, three do not reach over two. A relayer that was off for ten epochs: the last header before each second change.
	h := rotating(11, 20)
	heights, err = route(5, 219, h.reaches)
	require.NoError(t, err)
	require.Equal(t, []int64{39, 79, 119, 159, 199, 219}, heights)

	// A whole new committee: the last header of the old set, which names the new one, and the target; or, of a set that just ended, the first header of the new one.
	whole := append(slices.Repeat(history{{"a", "b", "c"}}, 10), slices.Repeat(history{{"x", "y", "z"}}, 10)...)
	heights, err = route(1, 19, whole.reaches)
	require.NoError(t, err)
	require.Equal(t, []int64{9, 19}, heights)
	heights, err = route(9, 10, whole.reaches)
	require.NoError(t, err)
	require.Equal(t, []int64{10}, heights)

	heights, err = route(7, 7, one.reaches)
	require.NoError(t, err)
	require.Empty(t, heights)
	broken := errors.New("the node does not answer")
	_, err = route(1, 9, func(int64, int64) (bool, error) { return false, broken })
	require.ErrorIs(t, err, broken)
}

// Whatever committees do, every step of a route is one that a light client takes, and there are no more steps than changes and one.
func TestRoutesAreTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		for range rapid.IntRange(1, 12).Draw(t, "terms") {
			set := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"}), 1, 6, rapid.ID).Draw(t, "set")
			for range rapid.IntRange(1, 9).Draw(t, "blocks") {
				h = append(h, set)
			}
		}
		if len(h) < 3 {
			return
		}
		to := int64(len(h) - 1)
		from := rapid.Int64Range(0, to-1).Draw(t, "from")
		heights, err := route(from, to, h.reaches)
		require.NoError(t, err)
		require.Equal(t, to, heights[len(heights)-1])
		changes := 0
		for i := from + 1; i < to; i++ {
			if !slices.Equal(h[i], h[i+1]) {
				changes++
			}
		}
		require.LessOrEqual(t, len(heights), changes+1)
		for _, next := range heights {
			require.Greater(t, next, from)
			ok, err := h.reaches(from, next)
			require.NoError(t, err)
			require.True(t, ok || next == from+1, "%d to %d", from, next)
			from = next
		}
	})
}

// serveBetween serves the headers and validators of some heights and knows no others, as a node does after a state-sync or before an export.
func serveBetween(t *testing.T, first, last int64, at func(height int64) (*cmttypes.SignedHeader, *cmttypes.ValidatorSet)) string {
	t.Helper()
	return fakeChain(t, func(method string, height int64) string {
		if height < first || height > last {
			return "null"
		}
		header, set := at(height)
		if method == "commit" {
			return encode(t, ctypes.ResultCommit{SignedHeader: *header, CanonicalCommit: true})
		}
		return encode(t, ctypes.ResultValidators{BlockHeight: height, Validators: set.Validators, Count: set.Size(), Total: set.Size()})
	})
}

// No node has all heights of this route, and each is found all the same, whoever is asked first.
func TestRouteOverSeveralNodesHistories(t *testing.T) {
	const change, newest = 10, 20
	before, beforeKeys := cmttypes.RandValidatorSet(4, 10)
	after, afterKeys := cmttypes.RandValidatorSet(4, 10)
	began := time.Now()
	at := func(height int64) (*cmttypes.SignedHeader, *cmttypes.ValidatorSet) {
		now := began.Add(time.Duration(height) * time.Second)
		switch {
		case height < change:
			return signed(t, height, now, []byte("root"), before, beforeKeys), before
		case height == change:
			return signedBefore(t, height, now, []byte("root"), before, after, beforeKeys), before
		}
		return signed(t, height, now, []byte("root"), after, afterKeys), after
	}
	archive, fresh := serveBetween(t, 1, 12, at), serveBetween(t, 13, newest, at)
	client, err := chain.New(chain.Config{GRPC: "127.0.0.1:1", ChainID: "top-a-1"})
	require.NoError(t, err)
	defer client.Close()
	state := &ibctm.ClientState{LatestHeight: clienttypes.NewHeight(1, 5), TrustLevel: ibctm.Fraction{Numerator: 2, Denominator: 3}}
	for name, addresses := range map[string][]string{"the fresh one first": {fresh, archive}, "the archive first": {archive, fresh}} {
		t.Run(name, func(t *testing.T) {
			n, err := dialNodes("top-a-1", addresses, rpcTimeout)
			require.NoError(t, err)
			heights, err := (&Endpoint{Client: client, nodes: n}).route(t.Context(), state, newest)
			require.NoError(t, err)
			require.Equal(t, []int64{change, newest}, heights)
		})
	}
	alone, err := dialNodes("top-a-1", []string{fresh}, rpcTimeout)
	require.NoError(t, err)
	_, err = (&Endpoint{Client: client, nodes: alone}).route(t.Context(), state, newest)
	require.ErrorContains(t, err, "headers of top-a-1 from 5 to 20")
}
