package base

import (
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
)

// evidenceAge is as long as the stake of who signed can still be slashed: the main chain's unbonding. Light clients trust headers for less.
const evidenceAge = 21 * 24 * time.Hour

// ConsensusParams of a new chain state the block limits; CometBFT's defaults would allow 55 MB blocks of any gas. Evidence counts as long as there is stake to slash, where CometBFT's two
// days would let former members sign other blocks for light clients that still trust them.
func ConsensusParams() *cmttypes.ConsensusParams {
	p := cmttypes.DefaultConsensusParams()
	p.Block.MaxBytes = 4 << 20
	p.Block.MaxGas = 300_000_000
	p.Evidence.MaxAgeDuration = evidenceAge
	return p
}
