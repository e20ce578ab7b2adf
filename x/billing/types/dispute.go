package types

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// DisputeID tells a settlement's disputes apart: provider, claim's epoch, payer and session key name one debit.
func DisputeID(provider string, claimEpoch uint64, payer string, sessionKey []byte) string {
	return provider + "/" + strconv.FormatUint(claimEpoch, 10) + "/" + payer + "/" + hex.EncodeToString(sessionKey)
}

// DisputeOf tells whether a dispute's id is of that provider.
func DisputeOf(id, provider string) bool { return strings.HasPrefix(id, provider+"/") }

// ID of the dispute among its settlement's.
func (d Dispute) ID() string { return DisputeID(d.Provider, d.ClaimEpoch, d.Payer, d.SessionKey) }
