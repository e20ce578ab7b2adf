package keeper_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"

	"github.com/topnetwork/top/protocol/audit"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/types"
)

// block of a shard, as CometBFT would have it; the committee's keys are at hand.
type block struct {
	shard   string
	height  int64
	by      types.Committee
	next    []byte
	appHash []byte
	absent  []string
	forged  bool
	round   int32
}

// after is a block of a committee which signs the next one too.
func after(c types.Committee, height int64) block {
	return block{shard: c.Shard, height: height, by: c, next: c.ValidatorsHash, appHash: hash("app")}
}

func hash(of string) []byte {
	h := sha256.Sum256([]byte(of))
	return h[:]
}

// signed header of the block.
func (b block) signed(t testing.TB, n *nodes.Network) *cmttypes.SignedHeader {
	t.Helper()
	set := types.SetOf(b.by.Members)
	header := &cmttypes.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: b.shard, Height: b.height, Time: n.Ctx.BlockTime(),
		LastBlockID: cmttypes.BlockID{Hash: hash("last"), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: hash("parts")}}, LastCommitHash: hash("commit"), DataHash: hash("data"),
		ValidatorsHash: set.Hash(), NextValidatorsHash: b.next, ConsensusHash: hash("consensus"), AppHash: b.appHash, LastResultsHash: hash("results"), EvidenceHash: hash("evidence"),
		ProposerAddress: set.Validators[0].Address,
	}
	id := cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: hash("parts")}}
	commit := &cmttypes.Commit{Height: b.height, Round: b.round, BlockID: id}
	for _, v := range set.Validators {
		name := ""
		for _, m := range b.by.Members {
			if string(m.ConsAddress()) == string(v.Address) {
				name = n.Name(m.Operator)
			}
		}
		require.NotEmpty(t, name)
		absent := false
		for _, a := range b.absent {
			absent = absent || a == nodes.Operator(name)
		}
		if absent {
			commit.Signatures = append(commit.Signatures, cmttypes.NewCommitSigAbsent())
			continue
		}
		vote := voteIn(t, b.shard, name, b.height, b.round, id, n.Ctx.BlockTime())
		if b.forged {
			vote.Signature[0] ^= 1
		}
		commit.Signatures = append(commit.Signatures, vote.CommitSig())
	}
	return &cmttypes.SignedHeader{Header: header, Commit: commit}
}

// vote of a name for a block of a shard.
func vote(t testing.TB, shard, name string, height int64, id cmttypes.BlockID, at time.Time) *cmttypes.Vote {
	t.Helper()
	return voteIn(t, shard, name, height, 0, id, at)
}

func voteIn(t testing.TB, shard, name string, height int64, round int32, id cmttypes.BlockID, at time.Time) *cmttypes.Vote {
	t.Helper()
	v := &cmttypes.Vote{Type: cmtproto.PrecommitType, Height: height, Round: round, BlockID: id, Timestamp: at, ValidatorAddress: nodes.ConsAddress(name).Bytes()}
	signature, err := nodes.ConsensusKey(name).Sign(cmttypes.VoteSignBytes(shard, v.ToProto()))
	require.NoError(t, err)
	v.Signature = signature
	return v
}

// anchor of the block.
func (b block) anchor(t testing.TB, n *nodes.Network) types.NewAnchor {
	t.Helper()
	raw, err := b.signed(t, n).ToProto().Marshal()
	require.NoError(t, err)
	return types.NewAnchor{Shard: b.shard, SignedHeader: raw}
}

// send anchors.
func send(n *nodes.Network, anchors ...types.NewAnchor) (*types.MsgAnchorResponse, error) {
	return nodes.Do(n.Ctx, n.Shards.Anchor, &types.MsgAnchor{Signer: nodes.Operator("router"), Anchors: anchors})
}

// audited word of a name.
func word(t testing.TB, n *nodes.Network, name string, b block, confirm bool) types.Audit {
	t.Helper()
	a := types.Audit{Operator: nodes.Operator(name), Shard: b.shard, Height: uint64(b.height), HeaderHash: b.signed(t, n).Hash(), Confirm: confirm}
	signed := audit.Audit{Network: nodes.ChainID, Shard: a.Shard, Height: a.Height, HeaderHash: a.HeaderHash, Confirm: confirm}
	var err error
	a.Signature, err = nodes.ConsensusKey(name).Sign(signed.SignBytes())
	require.NoError(t, err)
	return a
}

func report(n *nodes.Network, audits ...types.Audit) (*types.MsgAuditResponse, error) {
	return nodes.Do(n.Ctx, n.Shards.Audit, &types.MsgAudit{Signer: nodes.Operator("router"), Audits: audits})
}

// state of a shard, in a real multistore with x/lattice's store.
type state struct {
	hash        []byte
	head, final []byte
	headBytes   []byte
	left, right lattice.Hash
	root        lattice.Hash
}

// stateOf a shard that ended at a height, or has not with 0, after so many transfers.
func stateOf(t testing.TB, final, transfers uint64) state {
	t.Helper()
	return overdrawnState(t, final, transfers, 0)
}

// overdrawnState is one in which so many utop are overdrawn.
func overdrawnState(t testing.TB, final, transfers uint64, utop int64) state {
	t.Helper()
	s := state{left: lattice.Hash(hash("left")), right: lattice.Hash(hash("right"))}
	s.root = lattice.NodeOf(s.left, s.right)
	var err error
	s.headBytes, err = (&types.LatticeHead{Root: s.root[:], Transfers: transfers, Overdrawn: sdk.NewCoins(sdk.NewInt64Coin("utop", utop))}).Marshal()
	require.NoError(t, err)
	key, other := storetypes.NewKVStoreKey("lattice"), storetypes.NewKVStoreKey("ibc")
	ms := rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger())
	ms.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	ms.MountStoreWithDB(other, storetypes.StoreTypeIAVL, nil)
	require.NoError(t, ms.LoadLatestVersion())
	ms.GetKVStore(key).Set([]byte{1}, s.headBytes)
	ms.GetKVStore(key).Set([]byte{2}, []byte("shard"))
	ms.GetKVStore(key).Set([]byte{5}, binary.BigEndian.AppendUint64(nil, final))
	ms.GetKVStore(other).Set([]byte("client"), []byte("state"))
	s.hash = ms.Commit().Hash
	prove := func(raw byte) []byte {
		res, err := ms.Query(&storetypes.RequestQuery{Path: "/lattice/key", Data: []byte{raw}, Height: 1, Prove: true})
		require.NoError(t, err)
		proof, err := commitmenttypes.ConvertProofs(res.ProofOps)
		require.NoError(t, err)
		bz, err := proof.Marshal()
		require.NoError(t, err)
		return bz
	}
	s.head, s.final = prove(1), prove(5)
	return s
}

// last header of a shard, with what proves that it has ended.
func (s state) last(t testing.TB, n *nodes.Network, b block) types.NewAnchor {
	t.Helper()
	b.appHash = s.hash
	a := b.anchor(t, n)
	a.Head = &types.HeadProof{Head: s.headBytes, Proof: s.head}
	a.Final = &types.FinalProof{Proof: s.final, Left: s.left[:], Right: s.right[:]}
	return a
}
