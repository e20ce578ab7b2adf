package attacks

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

func address(name string) string { return inprocess.Account(name).String() }

func send(from, to string, utop int64) *banktypes.MsgSend {
	return &banktypes.MsgSend{FromAddress: address(from), ToAddress: address(to), Amount: sdk.NewCoins(sdk.NewInt64Coin("utop", utop))}
}

// refused puts a transaction into a block and requires that it fails with that error and moves no coin. A byzantine proposer can put anything into a block: the
// mempool's refusal would not be enough.
func refused(t *testing.T, c *inprocess.Chain, want error, raw []byte) {
	t.Helper()
	before, supply := c.Balance(inprocess.Account("ann")), c.App.Bank.GetSupply(c.Context(), "utop")
	res := c.Block(t, raw).TxResults[0]
	require.NotZero(t, res.Code)
	if want != nil {
		space, code, _ := abciInfo(want)
		require.Equal(t, space, res.Codespace, res.Log)
		require.Equal(t, code, res.Code, res.Log)
	}
	require.Less(t, res.GasUsed, int64(inprocess.Gas), "cheap")
	require.Equal(t, before, c.Balance(inprocess.Account("ann")))
	require.True(t, c.App.Bank.GetSupply(c.Context(), "utop").Amount.GTE(supply.Amount), "inflation alone changes the supply")
	require.NoError(t, c.App.Billing.Invariants(c.Context()))
}

func TestAttack06AmountsThatOverflow(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	huge := math.NewIntFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	pay := &banktypes.MsgSend{FromAddress: address("ann"), ToAddress: address("bob"), Amount: sdk.Coins{sdk.Coin{Denom: "utop", Amount: huge}}}
	refused(t, c, sdkerrors.ErrInsufficientFunds, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{pay}, Signer: inprocess.Key("ann")}))
	deposit := &billingtypes.MsgDeposit{Owner: address("ann"), Amount: ^uint64(0)}
	refused(t, c, nil, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{deposit}, Signer: inprocess.Key("ann")}))
}

func TestAttack07CoinsThatAreNone(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	coin := func(denom string, amount int64) sdk.Coin { return sdk.Coin{Denom: denom, Amount: math.NewInt(amount)} }
	for name, coins := range map[string]sdk.Coins{
		"negative": {coin("utop", -5)},
		"zero":     {coin("utop", 0)},
		"unsorted": {coin("utop", 1), coin("atom", 1)},
		"twice":    {coin("utop", 1), coin("utop", 1)},
		"none":     {},
	} {
		t.Run(name, func(t *testing.T) {
			msg := &banktypes.MsgSend{FromAddress: address("ann"), ToAddress: address("bob"), Amount: coins}
			refused(t, c, sdkerrors.ErrInvalidCoins, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
		})
	}
}

func TestAttack08TransactionsThatAreTooMuch(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	honest := c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 1)}, Signer: inprocess.Key("ann")})
	spoiled := func(body, auth []byte) []byte {
		var raw txtypes.TxRaw
		require.NoError(t, raw.Unmarshal(honest))
		raw.BodyBytes, raw.AuthInfoBytes = append(raw.BodyBytes, body...), append(raw.AuthInfoBytes, auth...)
		bz, err := raw.Marshal()
		require.NoError(t, err)
		return bz
	}
	nested := sdk.Msg(send("ann", "bob", 1))
	for range 65 {
		m := authz.NewMsgExec(inprocess.Account("ann"), []sdk.Msg{nested})
		nested = &m
	}
	many := make([]sdk.Msg, 10_000)
	for i := range many {
		many[i] = send("ann", "bob", 1)
	}
	for name, raw := range map[string][]byte{
		"an unknown critical field in the body":          spoiled([]byte{0xf8, 0x01, 0x01}, nil),
		"an unknown field in the signer's information":   spoiled(nil, []byte{0xf8, 0x01, 0x01}),
		"a field that is not the last, cut off":          honest[:len(honest)-3],
		"bytes behind the transaction":                   append(append([]byte{}, honest...), 0xff),
		"a message wrapped 65 times":                     c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{nested}, Signer: inprocess.Key("ann")}),
		"10,000 messages on the gas of a few":            c.Sign(t, inprocess.Tx{Messages: many, Signer: inprocess.Key("ann")}),
		"a memo of a MiB":                                c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 1)}, Signer: inprocess.Key("ann"), Change: func(b client.TxBuilder) { b.SetMemo(strings.Repeat("a", 1<<20)) }}),
		"no message":                                     c.Sign(t, inprocess.Tx{Signer: inprocess.Key("ann")}),
		"no transaction":                                 {},
		"a message that no chain knows (type URL of it)": unknownMessage(t, c, honest),
	} {
		t.Run(name, func(t *testing.T) {
			res := c.Block(t, raw).TxResults[0]
			require.NotZero(t, res.Code)
			require.EqualValues(t, inprocess.Funds, c.Balance(inprocess.Account("ann")))
			// Gas is charged before more work is done; running out of it is found at the step that exceeds it.
			require.Less(t, res.GasUsed, int64(inprocess.Gas)+int64(len(raw))*txSizeCostPerByte+1, "no more work than was paid for")
		})
	}
}

// txSizeCostPerByte is x/auth's default: the largest single charge is for a transaction's size.
const txSizeCostPerByte = 10

// unknownMessage replaces the message's type URL.
func unknownMessage(t *testing.T, c *inprocess.Chain, honest []byte) []byte {
	t.Helper()
	var raw txtypes.TxRaw
	require.NoError(t, raw.Unmarshal(honest))
	var body txtypes.TxBody
	require.NoError(t, body.Unmarshal(raw.BodyBytes))
	body.Messages = []*codectypes.Any{{TypeUrl: "/top.billing.v1.MsgMint", Value: body.Messages[0].Value}}
	var err error
	raw.BodyBytes, err = body.Marshal()
	require.NoError(t, err)
	bz, err := raw.Marshal()
	require.NoError(t, err)
	return bz
}

// Every message's signer is the party that acts: who signs for another is refused, whatever the message's other fields say.
func TestAttack13SignerIsWhoActs(t *testing.T) {
	c := inprocess.New(t, "ann", "eve")
	ann := address("ann")
	for _, msg := range []sdk.Msg{
		&billingtypes.MsgDeposit{Owner: ann, Amount: 5},
		&billingtypes.MsgRequestWithdrawal{Owner: ann, Amount: 5},
		&billingtypes.MsgWithdraw{Owner: ann},
		&billingtypes.MsgDelegate{Owner: ann, Delegate: address("eve"), LimitUtop: 5, ExpiresEpoch: 5},
		&billingtypes.MsgOpenCreditLine{Owner: ann, ChainId: "top-msg-1", Amount: 5},
		send("ann", "eve", 5),
	} {
		refused(t, c, sdkerrors.ErrInvalidPubKey, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("eve")}))
	}
	require.Zero(t, c.Send(t, "ann", &billingtypes.MsgDeposit{Owner: ann, Amount: 500}).Code)
	key := &billingtypes.MsgAddSessionKey{Signer: address("eve"), Owner: ann, Key: make([]byte, 32), CapUtop: 5, ExpiresEpoch: 5}
	refused(t, c, nil, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{key}, Signer: inprocess.Key("eve")}))
}

func TestAttack14TransactionTwice(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	raw := c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 5)}, Signer: inprocess.Key("ann")})
	res := c.Block(t, raw, raw)
	require.Zero(t, res.TxResults[0].Code, res.TxResults[0].Log)
	require.Equal(t, sdkerrors.ErrWrongSequence.ABCICode(), res.TxResults[1].Code)
	refused(t, c, sdkerrors.ErrWrongSequence, raw)
	require.EqualValues(t, inprocess.Funds+5, c.Balance(inprocess.Account("bob")))
}

func TestAttack15TransactionOfAnotherChain(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	for _, id := range []string{"top-msg-1", "top-main-2", "top-main-1 "} {
		refused(t, c, sdkerrors.ErrUnauthorized, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 5)}, Signer: inprocess.Key("ann"), ChainID: id}))
	}
}

// Unordered transactions are not offered: whatever their timeout says, nothing replaces the sequence.
func TestAttack16UnorderedTransactions(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	unordered := func(timeout time.Time, sequence uint64) []byte {
		return c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 5)}, Signer: inprocess.Key("ann"), Sequence: &sequence, Change: func(b client.TxBuilder) {
			b.SetUnordered(true)
			b.SetTimeoutTimestamp(timeout)
		}})
	}
	for name, raw := range map[string][]byte{
		"in time":         unordered(c.Time.Add(time.Minute), 0),
		"a day ahead":     unordered(c.Time.Add(24*time.Hour), 0),
		"without timeout": unordered(time.Time{}, 0),
		"with a sequence": unordered(c.Time.Add(time.Minute), 1),
	} {
		t.Run(name, func(t *testing.T) { refused(t, c, nil, raw) })
	}
}

// curveOrder of secp256k1.
var curveOrder, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

// One signature has one form: nobody can make a second transaction of another's.
func TestAttack46MalleableSignatures(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	honest := c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 5)}, Signer: inprocess.Key("ann")})
	var raw txtypes.TxRaw
	require.NoError(t, raw.Unmarshal(honest))
	sig := raw.Signatures[0]
	require.Len(t, sig, 64)
	s := new(big.Int).SetBytes(sig[32:])
	high := append(append([]byte{}, sig[:32]...), new(big.Int).Sub(curveOrder, s).FillBytes(make([]byte, 32))...)
	for name, other := range map[string][]byte{
		"high S":              high,
		"with a recovery bit": append(append([]byte{}, sig...), 0),
		"short":               sig[:63],
		"empty":               {},
		"zero":                make([]byte, 64),
	} {
		t.Run(name, func(t *testing.T) {
			raw.Signatures = [][]byte{other}
			bz, err := raw.Marshal()
			require.NoError(t, err)
			refused(t, c, sdkerrors.ErrUnauthorized, bz)
		})
	}
	require.Zero(t, c.Block(t, honest).TxResults[0].Code, "the honest form stands")
}
