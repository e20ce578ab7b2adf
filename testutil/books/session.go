package books

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// AddPayer funds a payer whose session key (of the same name) may spend cap utop, with credit on the service chain, part of it allotted to providers. The
// packets are delivered.
func (n *Network) AddPayer(t testing.TB, name string, credit, allotted uint64, providers ...string) {
	t.Helper()
	n.Fund(t, name)
	ctx, billing, owner := n.Main.Ctx, n.Main.Billing, Address(name)
	_, err := Do(ctx, billing.Deposit, &billingtypes.MsgDeposit{Owner: owner, Amount: credit})
	require.NoError(t, err)
	_, err = Do(ctx, billing.AddSessionKey, &billingtypes.MsgAddSessionKey{Signer: owner, Owner: owner, Key: Public(name), CapUtop: credit, ExpiresEpoch: 1_000})
	require.NoError(t, err)
	_, err = Do(ctx, billing.OpenCreditLine, &billingtypes.MsgOpenCreditLine{Owner: owner, ChainId: ServiceID, Amount: credit})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	for _, p := range providers {
		_, err := Do(n.Service.Ctx, n.Service.Usage.Allot, &usagetypes.MsgAllot{Owner: owner, Provider: Address(p), SessionKey: Public(name), Amount: allotted})
		require.NoError(t, err)
	}
}

// AddKey adds a session key (of another name) to a payer; the packet is delivered.
func (n *Network) AddKey(t testing.TB, payer, key string, limit uint64) {
	t.Helper()
	owner := Address(payer)
	_, err := Do(n.Main.Ctx, n.Main.Billing.AddSessionKey, &billingtypes.MsgAddSessionKey{Signer: owner, Owner: owner, Key: Public(key), CapUtop: limit, ExpiresEpoch: 1_000})
	require.NoError(t, err)
	n.ToService().Deliver(t)
}

// Session between a payer, by the key of its name, and a provider that ended with a voucher of messages × 100 utop. nonce tells sessions of the same two apart.
func Session(provider, payer string, epoch, messages, nonce uint64) *voucher.Evidence {
	return SessionBy(payer, provider, payer, epoch, messages, nonce)
}

// SessionBy the session key of a name.
func SessionBy(key, provider, payer string, epoch, messages, nonce uint64) *voucher.Evidence {
	e := &voucher.Evidence{
		Offer: &voucher.Offer{
			ChainId: ServiceID, Service: ServiceType, Provider: Address(provider), ProviderKey: Public(provider),
			Prices:   []*voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
			TickUtop: 10, FloatUtop: 1_000, VoucherUtop: 1_000, Epoch: epoch, Nonce: nonce,
		},
		Open:    &voucher.Open{Payer: Address(payer), SessionKey: Public(key), Anchor: make([]byte, 32), MaxTicks: 1 << 20, CapUtop: 1 << 40, Nonce: nonce},
		Voucher: &voucher.Voucher{ChainId: ServiceID, Number: 1, Epoch: epoch, Usage: []*voucher.Usage{{Measure: "message", Quantity: messages}}, AmountUtop: messages * 100},
	}
	Sign(e, provider, key)
	return e
}

// Sign makes both sides' signatures, by the keys of their names, for what the evidence says now.
func Sign(e *voucher.Evidence, provider, key string) {
	e.Offer.Sign(Key(provider))
	hash := e.Offer.Hash()
	e.Open.OfferHash = hash[:]
	e.Open.Sign(Key(key))
	id := e.Open.SessionID()
	e.Voucher.SessionId = id[:]
	e.Voucher.SignClient(Key(key))
	e.Voucher.SignProvider(Key(provider))
}

// Claim is a provider's claim of one epoch, with what proves it.
type Claim struct {
	*usagetypes.MsgClaim
	Tree     *claim.Tree
	Evidence []*voucher.Evidence // in the order of the leaves
}

// NewClaim makes a claim of sessions.
func NewClaim(t testing.TB, provider string, epoch uint64, sessions ...*voucher.Evidence) *Claim {
	t.Helper()
	evidence := slices.Clone(sessions)
	key := func(e *voucher.Evidence) claim.Key {
		k, err := claim.LeafKey(sdk.MustAccAddressFromBech32(e.Open.Payer), e.Open.SessionKey, e.Voucher.SessionId)
		require.NoError(t, err)
		return k
	}
	slices.SortFunc(evidence, func(a, b *voucher.Evidence) int { return slices.Compare(key(a), key(b)) })
	leaves := make([]claim.Leaf, len(evidence))
	for i, e := range evidence {
		leaves[i] = claim.Leaf{Key: key(e), Amount: e.Voucher.AmountUtop, Evidence: e.Hash()}
	}
	tree, err := claim.Build(leaves)
	require.NoError(t, err)
	root := tree.Root()
	msg := &usagetypes.MsgClaim{Provider: Address(provider), Epoch: epoch, Root: root.Hash[:], Sum: root.Sum, Count: root.Count}
	for _, d := range claim.Debits(leaves) {
		msg.Debits = append(msg.Debits, usagetypes.Debit{Payer: sdk.AccAddress(d.Payer).String(), SessionKey: d.SessionKey, Amount: d.Amount})
	}
	return &Claim{MsgClaim: msg, Tree: tree, Evidence: evidence}
}

// Prove answers the challenge with that seed.
func (c *Claim) Prove(t testing.TB, seed []byte, samples uint32) *usagetypes.MsgProve {
	t.Helper()
	msg := &usagetypes.MsgProve{Provider: c.Provider, Epoch: c.Epoch}
	for _, point := range claim.Points([32]byte(seed), c.Sum, samples) {
		index, err := c.Tree.At(point)
		require.NoError(t, err)
		path, err := c.Tree.Prove(index)
		require.NoError(t, err)
		proof := usagetypes.LeafProof{Evidence: c.Evidence[index]}
		for _, node := range path {
			proof.Path = append(proof.Path, usagetypes.PathNode{
				Hash: node.Hash[:], Sum: node.Sum, Count: node.Count, First: node.First, Last: node.Last, Left: node.Left,
			})
		}
		msg.Proofs = append(msg.Proofs, proof)
	}
	return msg
}

// Claimed is a provider's claim as the chain has it.
func (n *Network) Claimed(t testing.TB, provider string, epoch uint64) usagetypes.Claim {
	t.Helper()
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	i := slices.IndexFunc(gs.Claims, func(c usagetypes.Claim) bool { return c.Provider == Address(provider) && c.Epoch == epoch })
	require.GreaterOrEqual(t, i, 0, "%s has not claimed epoch %d", provider, epoch)
	return gs.Claims[i]
}
