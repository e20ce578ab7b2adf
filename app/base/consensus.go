package base

import (
	"errors"
	"fmt"
	"slices"
	"time"

	errorsmod "cosmossdk.io/errors"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
)

// EvidenceAge is as long as the stake of who signed can still be slashed: the main chain's unbonding. Light clients trust headers for less.
const EvidenceAge = 21 * 24 * time.Hour

// Least block limits that governance may set: less than these and the way back by governance itself is narrow. A thousand candidates' proofs of 500,000 gas in twenty blocks are
// 25,000,000 in each.
const (
	leastMaxBytes = 1 << 20
	leastMaxGas   = 50_000_000
	// leastEvidenceBytes hold an attack on a light client by a hundred and more, with their keys and signatures.
	leastEvidenceBytes = 1 << 20
)

// CheckRoom tells whether blocks hold the commit of so many members, the most evidence and transactions beside them. CometBFT, which counts with the longest signatures there are,
// stops where they do not.
func CheckRoom(p cmtproto.ConsensusParams, members int) error {
	if p.Block == nil || p.Evidence == nil {
		return errors.New("consensus parameters of blocks and evidence are missing")
	}
	need := cmttypes.MaxOverheadForBlock + cmttypes.MaxHeaderBytes + cmttypes.MaxCommitBytes(members) + p.Evidence.MaxBytes
	if p.Block.MaxBytes < need+leastMaxBytes {
		return fmt.Errorf("block.max_bytes is %d: a commit of %d members and evidence.max_bytes of %d take %d, and transactions need room; want at least %d, or fewer members",
			p.Block.MaxBytes, members, p.Evidence.MaxBytes, need, need+leastMaxBytes)
	}
	return nil
}

// ConsensusParams of a new chain state the block limits; CometBFT's defaults would allow 55 MB blocks of any gas. Evidence counts as long as there is stake to slash, where CometBFT's two
// days would let former members sign other blocks for light clients that still trust them.
func ConsensusParams() *cmttypes.ConsensusParams {
	p := cmttypes.DefaultConsensusParams()
	p.Block.MaxBytes = 4 << 20
	p.Block.MaxGas = 300_000_000
	p.Evidence.MaxAgeDuration = EvidenceAge
	return p
}

// consensusRule holds proposals against the consensus parameters that this chain lives by.
func (a *App) consensusRule(ctx sdk.Context, msgs []sdk.Msg) error {
	for _, msg := range msgs {
		m, ok := msg.(*consensustypes.MsgUpdateParams)
		if !ok {
			continue
		}
		now, err := a.Consensus.ParamsStore.Get(ctx)
		if err != nil {
			return err
		}
		next, err := m.ToProtoConsensusParams()
		if err != nil {
			return errorsmod.Wrap(sdkerrors.ErrInvalidRequest, err.Error())
		}
		if err := checkConsensus(now, next); err != nil {
			return err
		}
	}
	return nil
}

// checkConsensus of what follows on what. A devnet that began below a bound may stay there, and not go lower.
func checkConsensus(now, next cmtproto.ConsensusParams) error {
	refuse := func(format string, args ...any) error {
		return errorsmod.Wrapf(sdkerrors.ErrInvalidRequest, format, args...)
	}
	if now.Block != nil {
		if least := lower(now.Block.MaxBytes, leastMaxBytes); next.Block.MaxBytes < least {
			return refuse("block.max_bytes is %d: transactions of committees and governance need room, want at least %d", next.Block.MaxBytes, least)
		}
		if least := lower(now.Block.MaxGas, leastMaxGas); next.Block.MaxGas < least {
			return refuse("block.max_gas is %d: transactions of committees and governance need room, want at least %d", next.Block.MaxGas, least)
		}
	}
	if now.Evidence != nil {
		if least := lower(now.Evidence.MaxBytes, leastEvidenceBytes); next.Evidence.MaxBytes < least {
			return refuse("evidence.max_bytes is %d: blocks could carry no evidence, and nobody would be punished, want at least %d", next.Evidence.MaxBytes, least)
		}
		if least := min(now.Evidence.MaxAgeDuration, EvidenceAge); next.Evidence.MaxAgeDuration < least {
			return refuse("evidence.max_age_duration is %s: light clients on other chains trust this one's validators because what they sign can be punished for longer, want at least %s",
				next.Evidence.MaxAgeDuration, least)
		}
	}
	if types := next.GetValidator().GetPubKeyTypes(); !slices.Equal(types, []string{cmttypes.ABCIPubKeyTypeEd25519}) {
		return refuse("validator.pub_key_types is %q: members of committees have Ed25519 keys, want [%q]", types, cmttypes.ABCIPubKeyTypeEd25519)
	}
	if next.Abci != nil && next.Abci.VoteExtensionsEnableHeight != 0 {
		return refuse("abci.vote_extensions_enable_height is %d: this chain has no vote extensions and would stop there, want 0", next.Abci.VoteExtensionsEnableHeight)
	}
	if next.Authority != nil && next.Authority.Authority != "" {
		return refuse("auth.authority is %q: parameters are governance's, and nobody could change them any more; leave it empty", next.Authority.Authority)
	}
	return nil
}

// lower of a present limit and a bound; a limit of 0 or less has none.
func lower(present, bound int64) int64 {
	if present <= 0 {
		return bound
	}
	return min(present, bound)
}
