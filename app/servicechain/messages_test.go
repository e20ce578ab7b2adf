package servicechain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	connectiontypes "github.com/cosmos/ibc-go/v11/modules/core/03-connection/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/testutil/inprocess"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// What users of a service chain may sign. Whoever adds to this list says here what it is needed for: nobody pays for what it leaves behind.
var offered = []string{
	"cosmos.authz.v1beta1.MsgRevoke",
	"cosmos.bank.v1beta1.MsgMultiSend MsgSend", // operators' units
	"cosmos.feegrant.v1beta1.MsgPruneAllowances MsgRevokeAllowance",
	"cosmos.gov.v1.MsgCancelProposal MsgDeposit MsgVote MsgVoteWeighted",
	"cosmos.gov.v1beta1.MsgDeposit MsgVote MsgVoteWeighted",
	"ibc.core.channel.v2.MsgAcknowledgement MsgRecvPacket MsgTimeout",
	"ibc.core.client.v1.MsgCreateClient MsgUpdateClient MsgUpgradeClient",                                              // creating: founder and operators; an upgrade comes with the main chain's proof
	"ibc.core.client.v2.MsgRegisterCounterparty",                                                                       // of whoever created the client
	"top.usage.v1.MsgAllot MsgClaim MsgDeliverSeed MsgLinkMainChain MsgProve MsgReclaim MsgRelease MsgRetrySettlement", // seeds: what claims wait for, proven
}

func TestWhatIsOffered(t *testing.T) {
	var want []string
	for _, line := range offered {
		names := strings.Fields(line)
		pkg := names[0][:strings.LastIndex(names[0], ".")+1]
		want = append(want, "/"+names[0])
		for _, name := range names[1:] {
			want = append(want, "/"+pkg+name)
		}
	}
	require.Equal(t, want, inprocess.NewService(t, 10, nil).App.Offered())
}

// client of the main chain, as anybody could make one.
func client(t *testing.T, s *inprocess.Service, name string) sdk.Msg {
	t.Helper()
	return clientWith(t, s, name, ibctm.DefaultTrustLevel)
}

func clientWith(t *testing.T, s *inprocess.Service, name string, trust ibctm.Fraction) sdk.Msg {
	t.Helper()
	state := ibctm.NewClientState(inprocess.ChainID, trust, time.Hour, 2*time.Hour, time.Second, clienttypes.NewHeight(1, 1), commitmenttypes.GetSDKSpecs(), nil)
	msg, err := clienttypes.NewMsgCreateClient(state, ibctm.NewConsensusState(s.Time, commitmenttypes.NewMerkleRoot(make([]byte, 32)), make([]byte, 32)), inprocess.Account(name).String())
	require.NoError(t, err)
	return msg
}

// A stranger with an account makes no light clients and no channels, wrapped or not; founder and operators make clients.
func TestStrangersLeaveNoClients(t *testing.T) {
	founded := func(gs *usagetypes.GenesisState) { gs.Chain.Operator = inprocess.Account("founder").String() }
	s := inprocess.NewService(t, 10, founded, "stranger", "founder")
	code := func(name string, msg sdk.Msg) (uint32, string) {
		res := s.Block(t, s.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(name)})).TxResults[0]
		return res.Code, res.Log
	}
	stranger := inprocess.Account("stranger")
	wrapped := authz.NewMsgExec(stranger, []sdk.Msg{client(t, s, "stranger")})
	again := authz.NewMsgExec(stranger, []sdk.Msg{&wrapped})
	for _, msg := range []sdk.Msg{client(t, s, "stranger"), &wrapped, &again} {
		_, log := code("stranger", msg)
		require.Contains(t, log, "founder")
	}
	prefix := commitmenttypes.NewMerklePrefix([]byte("ibc"))
	_, log := code("stranger", connectiontypes.NewMsgConnectionOpenInit("07-tendermint-0", "07-tendermint-0", prefix, nil, 0, stranger.String()))
	require.Contains(t, log, "not offered on this chain")
	for _, name := range []string{"founder", "operator"} {
		failed, log := code(name, client(t, s, name))
		require.Zero(t, failed, log)
	}
	require.Len(t, s.App.IBC.ClientKeeper.GetAllGenesisClients(s.Context()), 2)
}

// A link is by clients that trust no minority of the set they know: committees rotate.
func TestClientsThatTrustTooFew(t *testing.T) {
	founded := func(gs *usagetypes.GenesisState) { gs.Chain.Operator = inprocess.Account("founder").String() }
	s := inprocess.NewService(t, 10, founded, "founder")
	founder := inprocess.Account("founder").String()
	check := func(id string, trust ibctm.Fraction) error {
		for sequence, msg := range []sdk.Msg{clientWith(t, s, "founder", trust), clienttypesv2.NewMsgRegisterCounterparty(id, [][]byte{[]byte("ibc"), {}}, "07-tendermint-0", founder)} {
			res := s.Block(t, s.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("founder")})).TxResults[0]
			require.Zero(t, res.Code, "%d: %s", sequence, res.Log)
		}
		return s.App.Clients().CheckClient(s.Context(), id, inprocess.ChainID)
	}
	require.ErrorContains(t, check("07-tendermint-0", ibctm.DefaultTrustLevel), "1/3")
	require.ErrorContains(t, check("07-tendermint-1", ibctm.Fraction{Numerator: 65, Denominator: 98}), "65/98")
	require.NoError(t, check("07-tendermint-2", ibctm.Fraction{Numerator: 2, Denominator: 3}))
	require.NoError(t, check("07-tendermint-3", ibctm.Fraction{Numerator: 1, Denominator: 1}))
}
