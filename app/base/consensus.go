package base

import cmttypes "github.com/cometbft/cometbft/types"

// ConsensusParams of a new chain state the block limits; CometBFT's defaults would allow 55 MB blocks of any gas.
func ConsensusParams() *cmttypes.ConsensusParams {
	p := cmttypes.DefaultConsensusParams()
	p.Block.MaxBytes = 4 << 20
	p.Block.MaxGas = 300_000_000
	return p
}
