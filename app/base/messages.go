package base

import (
	"fmt"
	"slices"
	"strings"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// MessageClass says by which way a message may reach its module.
type MessageClass int

// Every message type of every chain is in one of these (docs/adr/005).
const (
	// ClassUser messages are signed by whoever acts.
	ClassUser MessageClass = iota + 1
	// ClassGovernance messages are executed by a proposal that passed, and stand nowhere else.
	ClassGovernance
	// ClassWrapper messages carry others, which are held to the same rules.
	ClassWrapper
	// ClassModule messages are the modules' own and stand in no transaction.
	ClassModule
	// ClassDisabled messages exist in a library and are not offered.
	ClassDisabled
)

// maxMessageDepth of wrappers within wrappers.
const maxMessageDepth = 3

// messageClasses lists the messages by class and package. A message that is missing is refused, and a test names it.
var messageClasses = []struct {
	class    MessageClass
	pkg      string
	messages string
}{
	{ClassUser, "cosmos.authz.v1beta1", "MsgGrant MsgRevoke"},
	{ClassUser, "cosmos.bank.v1beta1", "MsgMultiSend MsgSend"},
	{ClassUser, "cosmos.distribution.v1beta1", "MsgDepositValidatorRewardsPool MsgFundCommunityPool MsgSetWithdrawAddress MsgWithdrawDelegatorReward MsgWithdrawValidatorCommission"},
	{ClassUser, "cosmos.feegrant.v1beta1", "MsgGrantAllowance MsgPruneAllowances MsgRevokeAllowance"},
	{ClassUser, "cosmos.gov.v1", "MsgCancelProposal MsgDeposit MsgVote MsgVoteWeighted"},
	{ClassUser, "cosmos.gov.v1beta1", "MsgDeposit MsgVote MsgVoteWeighted"},
	{ClassUser, "cosmos.slashing.v1beta1", "MsgUnjail"},
	{ClassUser, "cosmos.staking.v1beta1", "MsgBeginRedelegate MsgCancelUnbondingDelegation MsgCreateValidator MsgDelegate MsgEditValidator MsgUndelegate"},
	{ClassUser, "ibc.core.channel.v1", "MsgAcknowledgement MsgChannelCloseConfirm MsgChannelCloseInit MsgChannelOpenAck MsgChannelOpenConfirm MsgChannelOpenInit " +
		"MsgChannelOpenTry MsgRecvPacket MsgTimeout MsgTimeoutOnClose"},
	{ClassUser, "ibc.core.channel.v2", "MsgAcknowledgement MsgRecvPacket MsgTimeout"},
	{ClassUser, "ibc.core.client.v1", "MsgCreateClient MsgDeleteClientCreator MsgUpdateClient MsgUpgradeClient"},
	{ClassUser, "ibc.core.client.v2", "MsgRegisterCounterparty"},
	{ClassUser, "ibc.core.connection.v1", "MsgConnectionOpenAck MsgConnectionOpenConfirm MsgConnectionOpenInit MsgConnectionOpenTry"},
	{ClassUser, "top.billing.v1", "MsgAddSessionKey MsgAnswerDispute MsgCloseCreditLine MsgDelegate MsgDeposit MsgDispute MsgOpenCreditLine MsgReportEquivocation " +
		"MsgRequestWithdrawal MsgRetryPayout MsgRevokeSessionKey MsgSetReserve MsgWithdraw"},
	{ClassUser, "top.gate.v1", "MsgConfirm MsgDeliver MsgExit"},
	{ClassUser, "top.services.v1", "MsgAddProviderDeposit MsgAddServiceChainDeposit MsgExitProvider MsgExitServiceChain MsgLinkServiceChain MsgRegisterProvider " +
		"MsgRegisterServiceChain MsgRegisterServiceType MsgUpdateProvider MsgWithdrawProviderDeposit MsgWithdrawServiceChainDeposit"},
	// Who may split, merge, freeze and restart beside governance, x/shards knows: a devnet's steward.
	{ClassUser, "top.shards.v1", "MsgAnchor MsgAudit MsgForkEvidence MsgFreeze MsgMerge MsgRestart MsgShardEvidence MsgSplit"},
	{ClassUser, "top.sortition.v1", "MsgPublishProof MsgSeal"},
	{ClassUser, "top.stake.v1", "MsgRegisterNode MsgUpdateNode"},
	{ClassUser, "top.usage.v1", "MsgAllot MsgClaim MsgDeliverSeed MsgLinkMainChain MsgProve MsgReclaim MsgRelease MsgRetrySettlement"},

	{ClassGovernance, "cosmos.auth.v1beta1", "MsgUpdateParams"},
	{ClassGovernance, "cosmos.bank.v1beta1", "MsgSetSendEnabled MsgUpdateParams"},
	{ClassGovernance, "cosmos.consensus.v1", "MsgUpdateParams"},
	{ClassGovernance, "cosmos.distribution.v1beta1", "MsgCommunityPoolSpend MsgUpdateParams"},
	{ClassGovernance, "cosmos.gov.v1", "MsgUpdateParams"},
	{ClassGovernance, "cosmos.slashing.v1beta1", "MsgUpdateParams"},
	{ClassGovernance, "cosmos.staking.v1beta1", "MsgUpdateParams"},
	{ClassGovernance, "cosmos.upgrade.v1beta1", "MsgCancelUpgrade MsgSoftwareUpgrade"},
	// A client's creator could shut other relayers out with MsgUpdateClientConfig, and with them other people's money in: here only governance may.
	{ClassGovernance, "ibc.core.client.v2", "MsgUpdateClientConfig"},
	{ClassGovernance, "ibc.core.client.v1", "MsgIBCSoftwareUpgrade MsgRecoverClient MsgUpdateParams"},
	{ClassGovernance, "ibc.core.connection.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.billing.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.committees.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.gate.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.issuance.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.services.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.shards.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.sortition.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.stake.v1", "MsgUpdateParams"},
	{ClassGovernance, "top.usage.v1", "MsgUpdateParams"},

	{ClassWrapper, "cosmos.authz.v1beta1", "MsgExec"},
	{ClassWrapper, "cosmos.gov.v1", "MsgSubmitProposal"},

	// Packets are sent by x/billing and x/usage alone.
	{ClassModule, "ibc.core.channel.v2", "MsgSendPacket"},

	// Evidence comes with blocks; no other type of it is known.
	{ClassDisabled, "cosmos.evidence.v1beta1", "MsgSubmitEvidence"},
	// Legacy proposals have no handlers.
	{ClassDisabled, "cosmos.gov.v1", "MsgExecLegacyContent"},
	{ClassDisabled, "cosmos.gov.v1beta1", "MsgSubmitProposal"},
}

var classOfMessage = func() map[string]MessageClass {
	classes := map[string]MessageClass{}
	for _, group := range messageClasses {
		for _, name := range strings.Fields(group.messages) {
			url := "/" + group.pkg + "." + name
			if classes[url] != 0 {
				panic(url + " stands in two classes")
			}
			classes[url] = group.class
		}
	}
	return classes
}()

// ClassOf a message by its type URL; 0 for a message that is not classified.
func ClassOf(typeURL string) MessageClass { return classOfMessage[typeURL] }

// messageDecorator lets a message reach its module only by the way of its class, however deep it is wrapped.
type messageDecorator struct {
	// disabled by this chain, beside ClassDisabled.
	disabled []string
	// restrict is this chain's word on who may sign a user's message; nil for no restriction.
	restrict func(sdk.Context, sdk.Msg) error
}

// AnteHandle refuses transactions with a message that may not stand where it stands.
func (d messageDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if err := d.checkMessages(ctx, tx.GetMsgs(), false, 0); err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}

func (d messageDecorator) checkMessages(ctx sdk.Context, msgs []sdk.Msg, proposed bool, depth int) error {
	if depth > maxMessageDepth {
		return errorsmod.Wrapf(sdkerrors.ErrInvalidRequest, "messages are wrapped more than %d deep", maxMessageDepth)
	}
	for _, msg := range msgs {
		if err := d.checkMessage(ctx, msg, proposed, depth); err != nil {
			return err
		}
	}
	return nil
}

func (d messageDecorator) checkMessage(ctx sdk.Context, msg sdk.Msg, proposed bool, depth int) error {
	url := sdk.MsgTypeURL(msg)
	if slices.Contains(d.disabled, url) {
		return errorsmod.Wrapf(sdkerrors.ErrNotSupported, "%s is not offered on this chain", url)
	}
	switch ClassOf(url) {
	case ClassUser:
		if d.restrict == nil || proposed {
			return nil
		}
		return d.restrict(ctx, msg)
	case ClassGovernance:
		if !proposed {
			return errorsmod.Wrapf(sdkerrors.ErrUnauthorized, "%s is executed by governance alone: submit it in a proposal (tx gov submit-proposal)", url)
		}
		return nil
	case ClassWrapper:
		inner, err := wrapped(msg)
		if err != nil {
			return err
		}
		_, isProposal := msg.(*govv1.MsgSubmitProposal)
		return d.checkMessages(ctx, inner, isProposal, depth+1)
	case ClassModule:
		return errorsmod.Wrapf(sdkerrors.ErrUnauthorized, "%s is sent by modules alone", url)
	case ClassDisabled:
		return errorsmod.Wrapf(sdkerrors.ErrNotSupported, "%s is not offered on this chain", url)
	default:
		return errorsmod.Wrapf(sdkerrors.ErrNotSupported, "%s is not classified (app/base/messages.go)", url)
	}
}

// wrapped are the messages that a wrapper carries.
func wrapped(msg sdk.Msg) ([]sdk.Msg, error) {
	switch m := msg.(type) {
	case *authz.MsgExec:
		return m.GetMessages()
	case *govv1.MsgSubmitProposal:
		return m.GetMsgs()
	default:
		return nil, fmt.Errorf("%T is classified as a wrapper, and nobody knows how to open it", msg)
	}
}

// ClassifiedMessages are the type URLs of all classified messages, sorted.
func ClassifiedMessages() []string { return sortedKeys(classOfMessage) }

// UserMessages are the type URLs of all messages of class user, or of those of some packages, sorted.
func UserMessages(packages ...string) []string {
	return slices.DeleteFunc(ClassifiedMessages(), func(url string) bool {
		pkg := url[1:strings.LastIndex(url, ".")]
		return ClassOf(url) != ClassUser || len(packages) > 0 && !slices.Contains(packages, pkg)
	})
}

// Offered are the type URLs of the messages that users of this chain may sign, sorted.
func (a *App) Offered() []string {
	return slices.DeleteFunc(UserMessages(), func(url string) bool {
		_, err := a.Registry.Resolve(url)
		return err != nil || slices.Contains(a.disabled, url)
	})
}
