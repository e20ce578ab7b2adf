package shardchain_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdked25519 "github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	kmultisig "github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// draft of a transaction that a test changes before it is signed.
type draft struct {
	chain string
	body  txtypes.TxBody
	auth  txtypes.AuthInfo
}

// signed transaction of the first user, with what change makes of an honest one.
func (s *shard) signed(change func(*draft)) []byte {
	s.t.Helper()
	a, b := s.users[0], s.users[1]
	honest := sendtx.New(lattice.Transfer{To: b.address, Key: a.key, Sequence: a.next, Amount: lattice.Balance{Utop: 5}}, "")
	d := draft{chain: latticetypes.Network}
	require.NoError(s.t, s.Codec.Unmarshal(honest.Body, &d.body))
	require.NoError(s.t, s.Codec.Unmarshal(honest.AuthInfo, &d.auth))
	change(&d)
	u := sendtx.Unsigned{Body: s.Codec.MustMarshal(&d.body), AuthInfo: s.Codec.MustMarshal(&d.auth)}
	return u.Signed(ed25519.Sign(a.secret, u.SignBytes(d.chain)))
}

// amount replaces what an honest transaction sends by coins that nobody has checked.
func amount(t *testing.T, coins ...sdk.Coin) func(*draft) {
	return func(d *draft) {
		msg := *d.body.Messages[0].GetCachedValue().(*banktypes.MsgSend)
		msg.Amount = coins
		packed, err := codectypes.NewAnyWithValue(&msg)
		require.NoError(t, err)
		d.body.Messages[0] = packed
	}
}

func coin(denom string, n *big.Int) sdk.Coin {
	return sdk.Coin{Denom: denom, Amount: math.NewIntFromBigInt(n)}
}

// Whatever is signed: it is refused with a reason by the mempool, by who votes on a proposal and in a block, and changes nothing. The numbers are those of docs/security.md.
func TestAttacksOnTransfers(t *testing.T) {
	s := newShard(t, 2)
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	one := big.NewInt(1)
	before := [2]uint64{s.utop(s.users[0]), s.utop(s.users[1])}
	try := func(name string, raw []byte) {
		t.Run(name, func(t *testing.T) {
			res, err := s.CheckTx(&abci.RequestCheckTx{Tx: raw})
			require.NoError(t, err)
			require.NotZero(t, res.Code)
			require.NotEmpty(t, res.Log)
			require.Zero(t, s.Pool.Len())
			require.False(t, s.process(raw))
			results := s.block(raw)
			require.NotZero(t, results[0].Code)
			require.Equal(t, before, [2]uint64{s.utop(s.users[0]), s.utop(s.users[1])})
		})
	}
	for name, change := range map[string]func(*draft){
		"6 two to the 64":       amount(t, coin("utop", power(64))),
		"6 two to the 255":      amount(t, coin("utop", power(255))),
		"6 of another coin":     amount(t, coin("utop", one), coin("uvtop", power(255))),
		"7 zero":                amount(t, coin("utop", new(big.Int))),
		"7 negative":            amount(t, coin("utop", big.NewInt(-1))),
		"7 nothing":             amount(t),
		"7 unsorted":            amount(t, coin("utop", one), coin("uatop", one)),
		"7 twice":               amount(t, coin("utop", one), coin("utop", one)),
		"7 a name that is none": amount(t, coin("u top", one), coin("utop", one)),
		"8 a memo of a MiB":     func(d *draft) { d.body.Memo = strings.Repeat("m", 1<<20) },
		"8 ten thousand messages": func(d *draft) {
			for range 10_000 {
				d.body.Messages = append(d.body.Messages, d.body.Messages[0])
			}
		},
		"8 wrapped 65 deep": func(d *draft) {
			for range 65 {
				bz, err := d.body.Messages[0].Marshal()
				require.NoError(t, err)
				d.body.Messages[0] = &codectypes.Any{TypeUrl: "/google.protobuf.Any", Value: bz}
			}
		},
		"15 of another network": func(d *draft) { d.chain = "top-2" },
		"15 of a shard by name": func(d *draft) { d.chain = chainID },
		"17 more bits than keys": func(d *draft) {
			keys := []cryptotypes.PubKey{&sdked25519.PubKey{Key: s.users[0].key.Bytes()}}
			packed, err := codectypes.NewAnyWithValue(kmultisig.NewLegacyAminoPubKey(1, keys))
			require.NoError(t, err)
			bits := cryptotypes.NewCompactBitArray(64)
			bits.SetIndex(63, true)
			d.auth.SignerInfos[0].PublicKey = packed
			d.auth.SignerInfos[0].ModeInfo = &txtypes.ModeInfo{Sum: &txtypes.ModeInfo_Multi_{Multi: &txtypes.ModeInfo_Multi{
				Bitarray: bits, ModeInfos: []*txtypes.ModeInfo{{Sum: &txtypes.ModeInfo_Single_{Single: &txtypes.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}}},
			}}}
		},
		"46 a sequence that wraps": func(d *draft) { d.auth.SignerInfos[0].Sequence = 1<<64 - 1 },
	} {
		try(name, s.signed(change))
	}
	honest := s.signed(func(*draft) {})
	for name, raw := range map[string][]byte{
		"8 an unknown field":    append(bytes.Clone(honest), 0x48, 1),
		"8 cut off":             honest[:len(honest)-1],
		"46 a longer signature": append(bytes.Clone(honest[:len(honest)-66]), append([]byte{0x1a, 65}, append(bytes.Clone(honest[len(honest)-64:]), 0)...)...),
	} {
		try(name, raw)
	}

	t.Run("14 twice", func(t *testing.T) {
		for i, want := range []bool{true, false} {
			res, err := s.CheckTx(&abci.RequestCheckTx{Tx: honest})
			require.NoError(t, err)
			require.Equal(t, want, res.IsOK(), "time %d", i)
		}
		require.False(t, s.process(honest, honest))
		require.True(t, s.process(honest))
		results := s.block(honest, honest)
		require.True(t, results[0].IsOK())
		require.False(t, results[1].IsOK())
		require.False(t, s.block(honest)[0].IsOK(), "later")
		require.Equal(t, before[0]-5, s.utop(s.users[0]))
		res, err := s.CheckTx(&abci.RequestCheckTx{Tx: honest})
		require.NoError(t, err)
		require.False(t, res.IsOK())
	})
}

// What the shard reads by hand the SDK reads as the same, and writes as the same bytes.
func FuzzDecodesAsTheSDKDoes(f *testing.F) {
	app, err := shardchain.New(shardchain.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), Data: f.TempDir(), Mempool: mempool.DefaultConfig()})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, app.Close()) })
	for _, t := range []lattice.Transfer{
		{To: newUser(1).address, Key: newUser(0).key, Amount: lattice.Balance{Utop: 12_345}},
		{To: newUser(1).address, Key: newUser(0).key, Sequence: 7, Fee: 10, Timeout: 99, Amount: lattice.Balance{Utop: 1, Coins: []lattice.Coin{{Denom: "uvtop", Amount: lattice.Amount{Low: 5}}}}},
	} {
		u := sendtx.New(t, "memo")
		f.Add(u.Signed(ed25519.Sign(newUser(0).secret, u.SignBytes(latticetypes.Network))))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := sendtx.Decode(raw)
		if err != nil {
			require.True(t, errors.Is(err, sendtx.ErrMalformed) || errors.Is(err, sendtx.ErrOther), err)
			return
		}
		decoded, err := app.TxConfig.TxDecoder()(raw)
		require.NoError(t, err)
		require.Len(t, decoded.GetMsgs(), 1)
		msg := decoded.GetMsgs()[0].(*banktypes.MsgSend)
		require.Equal(t, msg.FromAddress, sendtx.Bech32(tx.From))
		require.Equal(t, msg.ToAddress, sendtx.Bech32(tx.To))
		require.Equal(t, msg.Amount, latticetypes.Coins(tx.Amount))
		require.Equal(t, tx.Timeout, decoded.(sdk.TxWithTimeoutHeight).GetTimeoutHeight())
		require.Equal(t, tx.Fee, decoded.(sdk.FeeTx).GetFee().AmountOf("utop").Uint64())
		again, err := app.TxConfig.TxEncoder()(decoded)
		require.NoError(t, err)
		require.Equal(t, raw, again)
	})
}
