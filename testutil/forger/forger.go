// Package forger is a ledger that says whatever a test lets it say, with headers that its committee has signed: an honest one, or one that was captured.
package forger

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// power of each member.
const power = 1000

// Ledger that is made up.
type Ledger struct {
	Chain string
	keys  []ed25519.PrivKey
}

// New ledger with so many members, whose keys are those of a term.
func New(chain string, members int, term uint64) *Ledger {
	l := &Ledger{Chain: chain}
	for i := range members {
		l.keys = append(l.keys, ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "%s %d %d", chain, term, i)))
	}
	return l
}

// Members of a term.
func (l *Ledger) Members(term, first uint64) latticetypes.Members {
	m := latticetypes.Members{Ledger: l.Chain, Term: term, FirstHeight: first, Power: power}
	for _, key := range l.keys {
		m.Keys = append(m.Keys, key.PubKey().Bytes())
	}
	return m
}

// Header of a height that commits an app hash, signed by so many of the members.
func (l *Ledger) Header(t testing.TB, height int64, appHash []byte, signers int) *cmtproto.SignedHeader {
	t.Helper()
	list, byAddress := make([]*cmttypes.Validator, len(l.keys)), map[string]ed25519.PrivKey{}
	for i, key := range l.keys {
		list[i] = cmttypes.NewValidator(key.PubKey(), power)
		byAddress[string(key.PubKey().Address())] = key
	}
	set, some := cmttypes.NewValidatorSet(list), sha256.Sum256([]byte(l.Chain))
	at := time.Unix(1_800_000_000+height, 0).UTC()
	parts := cmttypes.PartSetHeader{Total: 1, Hash: some[:]}
	header := &cmttypes.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: l.Chain, Height: height, Time: at, LastBlockID: cmttypes.BlockID{Hash: some[:], PartSetHeader: parts}, LastCommitHash: some[:], DataHash: some[:],
		ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ConsensusHash: some[:], AppHash: appHash, LastResultsHash: some[:], EvidenceHash: some[:], ProposerAddress: list[0].Address,
	}
	commit := &cmttypes.Commit{Height: height, BlockID: cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: parts}}
	for i, v := range set.Validators {
		if i >= signers {
			commit.Signatures = append(commit.Signatures, cmttypes.NewCommitSigAbsent())
			continue
		}
		commit.Signatures = append(commit.Signatures, cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: v.Address, Timestamp: at})
		signature, err := byAddress[string(v.Address)].Sign(commit.VoteSignBytes(l.Chain, int32(i)))
		require.NoError(t, err)
		commit.Signatures[i].Signature = signature
	}
	return (&cmttypes.SignedHeader{Header: header, Commit: commit}).ToProto()
}

// Proof that its state has a value under a key of x/lattice, by a header of a height.
func (l *Ledger) Proof(t testing.TB, height int64, key, value []byte) *latticetypes.Proof {
	t.Helper()
	state, at := rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger()), storetypes.NewKVStoreKey(latticetypes.StoreKey)
	state.MountStoreWithDB(at, storetypes.StoreTypeIAVL, nil)
	require.NoError(t, state.LoadLatestVersion())
	state.GetKVStore(at).Set(key, value)
	id := state.Commit()
	res, err := state.Query(&storetypes.RequestQuery{Path: "/" + latticetypes.StoreKey + "/key", Data: key, Height: id.Version, Prove: true})
	require.NoError(t, err)
	return &latticetypes.Proof{Header: l.Header(t, height, id.Hash, len(l.keys)), Ops: res.ProofOps}
}

// Delivery of a batch, proven by a header of a height.
func (l *Ledger) Delivery(t testing.TB, height int64, b *receipt.Batch) *latticetypes.Carried {
	t.Helper()
	encoded := b.Encode()
	key, err := latticetypes.BatchKey(b.Destination, b.Height)
	require.NoError(t, err)
	hash := receipt.Hash(encoded)
	return &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: encoded, Proof: l.Proof(t, height, key, hash[:])}}}
}

// Confirmation that it, or a child of a destination, has taken what a source sent to the destination.
func (l *Ledger) Confirmation(t testing.TB, height int64, source, destination string, taken receipt.Cursor) *latticetypes.Carried {
	t.Helper()
	inbox := &latticetypes.Inbox{Taken: latticetypes.CursorOf(taken)}
	key, err := latticetypes.InboxKey(latticetypes.InboxName(source, destination, l.Chain))
	require.NoError(t, err)
	value, err := inbox.Marshal()
	require.NoError(t, err)
	c := &latticetypes.Confirmation{Destination: destination, Inbox: inbox, Proof: l.Proof(t, height, key, value)}
	if l.Chain != destination {
		c.Child = l.Chain
	}
	return &latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: c}}
}
