package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
)

// ClaimDebits are a claim's debits as protocol/claim has them.
func (c Claim) ClaimDebits() (claim.ClaimDebits, error) {
	out := claim.ClaimDebits{Provider: c.Provider, Epoch: c.Epoch, Debits: make([]claim.Debit, len(c.Debits))}
	for i, d := range c.Debits {
		payer, err := sdk.AccAddressFromBech32(d.Payer)
		if err != nil {
			return out, errorsmod.Wrapf(ErrInvalid, "debit %d: payer %q: %s", i, d.Payer, err)
		}
		out.Debits[i] = claim.Debit{Payer: payer, SessionKey: d.SessionKey, Amount: d.Amount}
	}
	return out, nil
}
