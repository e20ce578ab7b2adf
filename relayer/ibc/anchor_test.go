package ibc

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/sdk/chain"
)

// signed is a header of a height with the state root, signed by its validators, who stay.
func signed(t *testing.T, height int64, at time.Time, root []byte, set *cmttypes.ValidatorSet, keys []cmttypes.PrivValidator) *cmttypes.SignedHeader {
	t.Helper()
	return signedBefore(t, height, at, root, set, set, keys)
}

// signedBefore is one before a height with other validators.
func signedBefore(t *testing.T, height int64, at time.Time, root []byte, set, next *cmttypes.ValidatorSet, keys []cmttypes.PrivValidator) *cmttypes.SignedHeader {
	t.Helper()
	return signedOn(t, "top-a-1", height, at, root, set, next, keys)
}

// signedOn is one of any chain.
func signedOn(t *testing.T, chainID string, height int64, at time.Time, root []byte, set, next *cmttypes.ValidatorSet, keys []cmttypes.PrivValidator) *cmttypes.SignedHeader {
	t.Helper()
	header := &cmttypes.Header{
		Version: cmtversion.Consensus{Block: 11}, ChainID: chainID, Height: height, Time: at, AppHash: root,
		ValidatorsHash: set.Hash(), NextValidatorsHash: next.Hash(), ConsensusHash: make([]byte, 32), DataHash: make([]byte, 32), EvidenceHash: make([]byte, 32),
		LastCommitHash: make([]byte, 32), LastResultsHash: make([]byte, 32), ProposerAddress: set.Validators[0].Address,
		LastBlockID: cmttypes.BlockID{Hash: make([]byte, 32), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: make([]byte, 32)}},
	}
	id := cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: make([]byte, 32)}}
	commit := &cmttypes.Commit{Height: height, BlockID: id}
	for i, key := range keys {
		vote := &cmttypes.Vote{Type: 2, Height: height, BlockID: id, Timestamp: at, ValidatorAddress: set.Validators[i].Address, ValidatorIndex: int32(i)}
		v := vote.ToProto()
		require.NoError(t, key.SignVote(chainID, v))
		commit.Signatures = append(commit.Signatures, cmttypes.CommitSig{
			BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: vote.ValidatorAddress, Timestamp: at, Signature: v.Signature,
		})
	}
	return &cmttypes.SignedHeader{Header: header, Commit: commit}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	bz, err := cmtjson.Marshal(v)
	require.NoError(t, err)
	return string(bz)
}

// serve a header as the newest one.
func serve(t *testing.T, h *cmttypes.SignedHeader, set *cmttypes.ValidatorSet, asked *int) string {
	t.Helper()
	return fakeNode(t, func(method string) string {
		*asked++
		switch method {
		case "status":
			return statusOf(h.ChainID, h.Height, h.Time, false)
		case "commit":
			return encode(t, ctypes.ResultCommit{SignedHeader: *h, CanonicalCommit: true})
		default:
			return encode(t, ctypes.ResultValidators{BlockHeight: h.Height, Validators: set.Validators, Count: set.Size(), Total: set.Size()})
		}
	})
}

// A state that only a node vouches for proves nothing: the header must be signed by validators who follow from those that are trusted. Whoever shows another one loses its turn.
func TestAuditsTrustNoHeaderThatANodeMadeUp(t *testing.T) {
	now := time.Now()
	set, keys := cmttypes.RandValidatorSet(4, 10)
	others, otherKeys := cmttypes.RandValidatorSet(4, 10)
	trusted := &anchor{signed(t, 5, now.Add(-time.Minute), []byte("old root"), set, keys), set}
	truth := signed(t, 9, now, []byte("root"), set, keys)
	for name, forged := range map[string]struct {
		header *cmttypes.SignedHeader
		set    *cmttypes.ValidatorSet
	}{
		"other validators":  {signed(t, 9, now, []byte("lie"), others, otherKeys), others},
		"too few signed it": {signed(t, 9, now, []byte("lie"), set, keys[:2]), set},
		"from the future":   {signed(t, 9, now.Add(time.Hour), []byte("lie"), set, keys), set},
	} {
		t.Run(name, func(t *testing.T) {
			var liar, honest int
			n, err := dialNodes("top-a-1", []string{serve(t, forged.header, forged.set, &liar), serve(t, truth, set, &honest)}, rpcTimeout)
			require.NoError(t, err)
			client, err := chain.New(chain.Config{GRPC: "127.0.0.1:1", ChainID: "top-a-1"})
			require.NoError(t, err)
			defer client.Close()
			e := &Endpoint{Client: client, nodes: n, anchor: trusted}
			v, err := e.verified(t.Context(), e, "")
			require.NoError(t, err)
			require.Equal(t, "root", string(v.root))
			require.EqualValues(t, 9, v.height)
			require.Positive(t, liar)
			require.EqualValues(t, 9, e.anchor.header.Height, "the next one is verified from here")
			asked := liar
			_, err = e.verified(t.Context(), e, "")
			require.NoError(t, err)
			require.Equal(t, asked, liar, "it keeps no turn")

			alone, err := dialNodes("top-a-1", []string{serve(t, forged.header, forged.set, &liar)}, rpcTimeout)
			require.NoError(t, err)
			_, err = (&Endpoint{Client: client, nodes: alone, anchor: trusted}).verified(t.Context(), e, "")
			require.ErrorContains(t, err, fmt.Sprintf("header %d", forged.header.Height))
		})
	}
}

// lightClient is a node of the chain on which the light client is.
type lightClient struct {
	grpcNode
	clienttypes.UnimplementedQueryServer
	header *cmttypes.Header
}

func (l *lightClient) ClientState(context.Context, *clienttypes.QueryClientStateRequest) (*clienttypes.QueryClientStateResponse, error) {
	packed, err := clienttypes.PackClientState(&ibctm.ClientState{ChainId: l.header.ChainID, LatestHeight: clienttypes.NewHeight(1, uint64(l.header.Height))})
	return &clienttypes.QueryClientStateResponse{ClientState: packed}, err
}

func (l *lightClient) ConsensusState(context.Context, *clienttypes.QueryConsensusStateRequest) (*clienttypes.QueryConsensusStateResponse, error) {
	packed, err := clienttypes.PackConsensusState(ibctm.NewConsensusState(l.header.Time, commitmenttypes.NewMerkleRoot(l.header.AppHash), l.header.NextValidatorsHash))
	return &clienttypes.QueryConsensusStateResponse{ConsensusState: packed}, err
}

// Audits begin with what the light client on the other chain has verified: a node whose validators are others is not followed, nor are headers that do not follow from there.
func TestAuditsBeginWithWhatTheLightClientKnows(t *testing.T) {
	now := time.Now()
	set, keys := cmttypes.RandValidatorSet(4, 10)
	others, otherKeys := cmttypes.RandValidatorSet(4, 10)
	node := &lightClient{header: signed(t, 5, now.Add(-time.Hour), []byte("known root"), set, keys).Header}
	client, err := EndpointConfig{ChainID: "top-a-1", GRPC: Addresses{node.listen(t, func(srv *grpc.Server) { clienttypes.RegisterQueryServer(srv, node) })}}.Dial(t.Context())
	require.NoError(t, err)
	defer client.Close()
	on := &Endpoint{Client: client}
	verified := func(h *cmttypes.SignedHeader, set *cmttypes.ValidatorSet) (view, error) {
		t.Helper()
		var asked int
		n, err := dialNodes("top-a-1", []string{serve(t, h, set, &asked)}, rpcTimeout)
		require.NoError(t, err)
		return (&Endpoint{Client: client, nodes: n}).verified(t.Context(), on, "07-tendermint-0")
	}
	for _, height := range []int64{6, 9} {
		v, err := verified(signed(t, height, now, []byte("root"), set, keys), set)
		require.NoError(t, err)
		require.Equal(t, "root", string(v.root))
		require.Equal(t, height, v.height)
		_, err = verified(signed(t, height, now, []byte("lie"), others, otherKeys), others)
		require.ErrorContains(t, err, "what client 07-tendermint-0")
	}
	v, err := verified(signed(t, 5, now, []byte("lie"), set, keys), set)
	require.NoError(t, err)
	require.Equal(t, "known root", string(v.root), "whatever a node says of a height that the client knows")
	_, err = verified(signed(t, 4, now, []byte("old"), set, keys), set)
	require.ErrorContains(t, err, "behind 5")
}

// A committee of five that changes a member every ten blocks, and an audit after a pause over several changes: the headers between lead to the newest one.
func TestAuditsFollowACommitteeThatRotates(t *testing.T) {
	const terms, blocks = 6, 10
	var sets []*cmttypes.ValidatorSet
	var keys [][]cmttypes.PrivValidator
	seats := make([]cmttypes.PrivValidator, 5+terms)
	for i := range seats {
		seats[i] = cmttypes.NewMockPV()
	}
	for term := range terms + 1 {
		byAddress := map[string]cmttypes.PrivValidator{}
		var members []*cmttypes.Validator
		for _, seat := range seats[term : term+5] {
			key, err := seat.GetPubKey()
			require.NoError(t, err)
			members = append(members, cmttypes.NewValidator(key, 1))
			byAddress[key.Address().String()] = seat
		}
		set := cmttypes.NewValidatorSet(members)
		var signers []cmttypes.PrivValidator
		for _, v := range set.Validators {
			signers = append(signers, byAddress[v.Address.String()])
		}
		sets, keys = append(sets, set), append(keys, signers)
	}
	start := time.Now().Add(-time.Hour)
	at := func(height int64) *cmttypes.SignedHeader {
		term := height / blocks
		return signedBefore(t, height, start.Add(time.Duration(height)*time.Second), fmt.Appendf(nil, "root %d", height), sets[term], sets[(height+1)/blocks], keys[term])
	}
	newest := int64(terms*blocks - 1)
	rpc := fakeChain(t, func(method string, height int64) string {
		switch method {
		case "status":
			return statusOf("top-a-1", newest, time.Now(), false)
		case "commit":
			return encode(t, ctypes.ResultCommit{SignedHeader: *at(height), CanonicalCommit: true})
		default:
			set := sets[height/blocks]
			return encode(t, ctypes.ResultValidators{BlockHeight: height, Validators: set.Validators, Count: set.Size(), Total: set.Size()})
		}
	})
	n, err := dialNodes("top-a-1", []string{rpc}, rpcTimeout)
	require.NoError(t, err)
	client, err := chain.New(chain.Config{GRPC: "127.0.0.1:1", ChainID: "top-a-1"})
	require.NoError(t, err)
	defer client.Close()
	e := &Endpoint{Client: client, nodes: n, anchor: &anchor{at(3), sets[0]}}
	v, err := e.verified(t.Context(), e, "")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint("root ", newest), string(v.root))
	require.Equal(t, sets[terms].Hash(), e.anchor.next.Hash(), "the next audit trusts the next set")
}
