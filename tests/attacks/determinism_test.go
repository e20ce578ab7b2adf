package attacks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitionkeeper "github.com/topnetwork/top/x/sortition/keeper"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

const (
	epochBlocks = 12
	epochs      = 4
	deposit     = 10_000_000
)

// drawn is a main chain of nodes that are registered, rated, snapshotted and elected, and everything that its blocks answered.
type drawn struct {
	*inprocess.Chain
	names []string
	heard [32]byte
	// joined and absent count what elections and sealings came to.
	joined, absent int
}

// A hundred runs of a script give one app hash and one hash of results in every block: items fail in one block; nodes register, are rated over several proposers, snapshotted and
// elected; one of them withholds its seals, and one takes its stake away.
func TestAttack01ManyRunsGiveOneHash(t *testing.T) {
	first := draw(t)
	require.NotZero(t, first.joined, "an election changed the committee")
	require.NotZero(t, first.absent, "a sealer was absent")
	for range 99 {
		require.Equal(t, first.heard, draw(t).heard)
	}
}

// draw runs the script.
func draw(t *testing.T) *drawn {
	t.Helper()
	d := &drawn{Chain: inprocess.Unborn(), names: []string{"ann", "bob", "eve", "pat", "sue"}}
	require.NoError(t, d.InitChain(d.genesis(t)))
	d.block(t)
	var create, register, fail [][]byte
	for _, name := range d.names {
		create = append(create, d.signed(t, name, validator(t, name)))
	}
	d.succeed(t, create...)
	for _, name := range d.names {
		register = append(register, d.signed(t, name, registration(t, name)))
	}
	d.succeed(t, register...)
	fail = append(fail, d.signed(t, "ann", &billingtypes.MsgDeposit{Owner: address("ann"), Amount: 5_000}),
		d.signed(t, "bob", &billingtypes.MsgWithdraw{Owner: address("bob")}), d.signed(t, "eve", send("eve", "bob", inprocess.Funds+1)))
	d.block(t, fail...)
	for d.App.LastBlockHeight() < epochs*epochBlocks+3 {
		var due [][]byte
		for _, name := range d.names {
			due = append(due, d.duty(t, name)...)
		}
		if d.App.LastBlockHeight() == 2*epochBlocks {
			due = append(due, d.signed(t, "pat", stakingtypes.NewMsgUndelegate(address("pat"), operator("pat"), sdk.NewInt64Coin("utop", deposit))))
		}
		d.block(t, due...)
	}
	for e := uint64(0); e <= epochs; e++ {
		if elected, err := d.App.Sortition.Election(d.Context(), e); err == nil {
			d.joined += len(elected.Joined)
		}
		if record, err := d.App.Sortition.Record(d.Context(), e); err == nil {
			for _, s := range record.Sealers {
				if s.Absent {
					d.absent++
				}
			}
		}
	}
	return d
}

// genesis with short epochs, small deposits and a committee of three.
func (d *drawn) genesis(t *testing.T) []byte {
	t.Helper()
	state, cdc := d.Genesis(t, d.names...), d.App.Codec
	var billing billingtypes.GenesisState
	var draws sortitiontypes.GenesisState
	var stake staketypes.GenesisState
	cdc.MustUnmarshalJSON(state[billingtypes.ModuleName], &billing)
	cdc.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &draws)
	cdc.MustUnmarshalJSON(state[staketypes.ModuleName], &stake)
	billing.EpochBlocks = epochBlocks
	draws.Params = sortitiontypes.DevnetParams(epochBlocks)
	draws.Params.MaxMembers, draws.Params.Standbys = 3, 2
	for i := range stake.Params.Roles {
		stake.Params.Roles[i].MinDeposit = deposit / 2
	}
	state[billingtypes.ModuleName] = cdc.MustMarshalJSON(&billing)
	state[sortitiontypes.ModuleName] = cdc.MustMarshalJSON(&draws)
	state[staketypes.ModuleName] = cdc.MustMarshalJSON(&stake)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	return bz
}

// block signed by the committee but for one, who changes, as the proposer does; what it answers is heard.
func (d *drawn) block(t *testing.T, txs ...[]byte) []*abci.ExecTxResult {
	t.Helper()
	d.Time = d.Time.Add(time.Second)
	height := d.App.LastBlockHeight() + 1
	req := &abci.RequestFinalizeBlock{Height: height, Time: d.Time, Txs: txs}
	if height > 1 {
		c, err := d.App.Committees.Committee(d.Context())
		require.NoError(t, err)
		for i, m := range c.Members {
			vote := abci.VoteInfo{Validator: abci.Validator{Address: cmted25519.PubKey(m.Key).Address(), Power: 1_000}, BlockIdFlag: cmtproto.BlockIDFlagCommit}
			if len(c.Members) > 1 && int(height)%7 == i {
				vote.BlockIdFlag = cmtproto.BlockIDFlagAbsent
			}
			if int(height)%len(c.Members) == i {
				req.ProposerAddress = vote.Validator.Address
			}
			req.DecidedLastCommit.Votes = append(req.DecidedLastCommit.Votes, vote)
		}
	}
	res, err := d.App.FinalizeBlock(req)
	require.NoError(t, err)
	_, err = d.App.Commit()
	require.NoError(t, err)
	heard := fmt.Sprintf("%x %x", d.heard, res.AppHash)
	for _, u := range res.ValidatorUpdates {
		bz, err := u.Marshal()
		require.NoError(t, err)
		heard += " " + hex.EncodeToString(bz)
	}
	for _, r := range res.TxResults {
		bz, err := (&abci.ExecTxResult{Code: r.Code, Data: r.Data, GasUsed: r.GasUsed, GasWanted: r.GasWanted}).Marshal()
		require.NoError(t, err)
		heard += " " + hex.EncodeToString(bz)
	}
	d.heard = sha256.Sum256([]byte(heard))
	return res.TxResults
}

func (d *drawn) succeed(t *testing.T, txs ...[]byte) {
	t.Helper()
	for _, r := range d.block(t, txs...) {
		require.Zero(t, r.Code, r.Log)
	}
}

// duty of a node's hot key in the next block; "ann" gives no seals.
func (d *drawn) duty(t *testing.T, name string) (txs [][]byte) {
	t.Helper()
	hot := inprocess.Account(hotName(name)).String()
	duty, err := sortitionkeeper.NewQueryServer(d.App.Sortition).Duty(d.Context(), &sortitiontypes.QueryDutyRequest{HotAddress: hot})
	require.NoError(t, err)
	prove := func(alpha []byte) []byte {
		proof, err := ecvrf.Prove(secret(name), alpha)
		require.NoError(t, err)
		return proof
	}
	if len(duty.ProofAlpha) > 0 {
		txs = append(txs, d.published(t, name, &sortitiontypes.MsgPublishProof{Sender: hot, Epoch: duty.Epoch, Proof: prove(duty.ProofAlpha)}))
	}
	if len(duty.SealAlpha) > 0 && name != "ann" {
		txs = append(txs, d.published(t, name, &sortitiontypes.MsgSeal{Sender: hot, Epoch: duty.Epoch, Index: duty.SealIndex, Proof: prove(duty.SealAlpha)}))
	}
	return txs
}

func (d *drawn) signed(t *testing.T, name string, msg sdk.Msg) []byte {
	t.Helper()
	return d.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(name)})
}

// published by a node's hot key, free of fees.
func (d *drawn) published(t *testing.T, name string, msg sdk.Msg) []byte {
	t.Helper()
	return d.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(hotName(name)), Change: func(b client.TxBuilder) { b.SetGasLimit(500_000) }})
}

func hotName(name string) string { return "hot key of " + name }

func operator(name string) string { return sdk.ValAddress(inprocess.Account(name)).String() }

func secret(name string) []byte {
	s := sha256.Sum256([]byte("VRF key of " + name))
	return s[:]
}

// validator of a name.
func validator(t *testing.T, name string) sdk.Msg {
	t.Helper()
	seed := sha256.Sum256([]byte("consensus key of " + name))
	m, err := stakingtypes.NewMsgCreateValidator(operator(name), ed25519.GenPrivKeyFromSecret(seed[:]).PubKey(), sdk.NewInt64Coin("utop", deposit),
		stakingtypes.NewDescription(name, "", "", "", ""), stakingtypes.NewCommissionRates(math.LegacyZeroDec(), math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt())
	require.NoError(t, err)
	return m
}

// registration of a name's node.
func registration(t *testing.T, name string) sdk.Msg {
	t.Helper()
	key, err := ecvrf.PublicKey(secret(name))
	require.NoError(t, err)
	proof, err := sortition.ProvePossession(inprocess.ChainID, address(name), secret(name))
	require.NoError(t, err)
	return &staketypes.MsgRegisterNode{
		Operator: address(name), HotAddress: inprocess.Account(hotName(name)).String(), VrfKey: key, VrfProof: proof,
		Roles: []staketypes.Role{staketypes.Role_ROLE_VALIDATOR}, Endpoints: []string{"https://" + name + ".example.org"}, Version: "v1",
	}
}
