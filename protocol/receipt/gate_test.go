package receipt

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

var sender = lattice.Address{1, 2, 3}

// The gate's address is seen by wallets: it never changes.
func TestGateAddress(t *testing.T) {
	h := sha256.Sum256([]byte("TOP/receipt/gate/1"))
	require.Equal(t, lattice.Address(h[:20]), GateAddress())
	require.Equal(t, "top1", sendtx.Bech32(GateAddress())[:4])
}

func TestActions(t *testing.T) {
	other := lattice.Address{9}
	for _, c := range []struct {
		memo string
		want Action
		why  string
	}{
		{"", Action{Kind: Pay, To: sender}, ""},
		{"to=" + sendtx.Bech32(other), Action{Kind: Pay, To: other}, ""},
		{"stake=topvaloper1uw7nv2756sqjsg6f3xkj3knt3rautktsgmsqs9", Action{Kind: Stake, To: lattice.Address{0xe3, 0xbd, 0x36, 0x2b, 0xd4, 0xd4, 0x01, 0x28, 0x23, 0x49, 0x89, 0xad, 0x28, 0xda, 0x6b, 0x88, 0xfb, 0xc5, 0xd9, 0x70}}, ""},
		{"node", Action{Kind: Node}, ""},
		{"escrow", Action{Kind: Escrow}, ""},
		{"line=top-msg-1", Action{Kind: Line, Chain: "top-msg-1"}, ""},
		{"to=" + sendtx.Bech32(GateAddress()), Action{}, "the gate itself"},
		{"to=" + strings.ToUpper(sendtx.Bech32(other)), Action{}, "want top1"},
		{"to=" + sendtx.Bech32(other) + " ", Action{}, "want top1"},
		{"stake=" + sendtx.Bech32(other), Action{}, "want topvaloper1"},
		{"stake=topvaloper1uw7nv2756sqjsg6f3xkj3knt3rautktsgmsqs8", Action{}, "checksum"},
		{"to", Action{}, "write nothing"},
		{"node=", Action{}, "write nothing"},
		{"escrow=messaging", Action{}, "write nothing"},
		{"line=", Action{}, "name"},
		{"line=two words", Action{}, "name"},
		{"Node", Action{}, "write nothing"},
		{" ", Action{}, "write nothing"},
		{"to=" + sendtx.Bech32(other) + ";node", Action{}, "want top1"},
	} {
		got, err := ActionOf(sender, c.memo)
		require.Equal(t, c.want, got, c.memo)
		if c.why == "" {
			require.NoError(t, err, c.memo)
			continue
		}
		require.ErrorIs(t, err, ErrAction, c.memo)
		require.ErrorContains(t, err, c.why, c.memo)
	}
}

func TestOnlyUtopGoesToTheGate(t *testing.T) {
	transfer := lattice.Transfer{From: sender, To: GateAddress(), Amount: lattice.Balance{Utop: 1}}
	require.NoError(t, CheckGate(&transfer))
	transfer.Amount.Coins = []lattice.Coin{{Denom: "uusd", Amount: lattice.Amount{Low: 1}}}
	require.ErrorIs(t, CheckGate(&transfer), ErrAction)
}

// Whatever a memo is: it is refused, or it is one way to say one thing.
func FuzzActionOf(f *testing.F) {
	f.Add("stake=topvaloper1uw7nv2756sqjsg6f3xkj3knt3rautktsgmsqs9")
	f.Fuzz(func(t *testing.T, memo string) {
		a, err := ActionOf(sender, memo)
		if err != nil {
			require.ErrorIs(t, err, ErrAction)
			require.ErrorIs(t, err, lattice.ErrMalformed)
			require.Equal(t, Action{}, a)
			return
		}
		switch a.Kind {
		case Pay:
			require.True(t, memo == "" && a.To == sender || memo == "to="+sendtx.Bech32(a.To))
			require.NotEqual(t, GateAddress(), a.To)
		case Stake:
			require.True(t, strings.HasPrefix(memo, "stake=topvaloper1"))
		case Node:
			require.Equal(t, "node", memo)
		case Escrow:
			require.Equal(t, "escrow", memo)
		case Line:
			require.Equal(t, "line="+a.Chain, memo)
		}
	})
}

// A single receipt is encoded as a batch has it, and nothing else is read as one.
func TestSingleReceipts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Receipt{
			From: lattice.Address(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "from")), To: GateAddress(), Amount: lattice.Balance{Utop: rapid.Uint64Min(1).Draw(t, "utop")},
			Return: rapid.Bool().Draw(t, "return"), Main: rapid.Bool().Draw(t, "main"),
		}
		if !r.Return {
			r.Memo = rapid.StringN(0, 60, MaxMemo).Draw(t, "memo")
		}
		encoded := EncodeOne(&r)
		require.Len(t, encoded, Size(&r))
		back, err := DecodeOne(encoded)
		require.NoError(t, err)
		require.Equal(t, r, back)
		_, err = DecodeOne(append(encoded, 0))
		require.Error(t, err)
		_, err = DecodeOne(encoded[:len(encoded)-1])
		require.Error(t, err)
		encoded[0] |= 4
		_, err = DecodeOne(encoded)
		require.ErrorIs(t, err, ErrMalformed)
	})
}

// A block has room for so many receipts that may go to the main chain.
func TestRoomAtTheGate(t *testing.T) {
	room := NewRoom()
	back := make([]Receipt, MaxGate)
	for i := range back {
		back[i].Main = true
	}
	require.True(t, room.Take(back[:10]))
	require.Equal(t, MaxGate-10, room.Gate())
	require.False(t, room.Take(back))
	require.True(t, room.TakeGate(MaxGate-10))
	require.False(t, room.TakeGate(1))
	require.True(t, room.TakeTransfers(1, 300))
}
