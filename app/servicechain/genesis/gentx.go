package genesis

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/cometbft/cometbft/crypto/ed25519"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"

	operatorstypes "github.com/topnetwork/top/x/operators/types"
)

// Gentx is an operator's signed wish to be among a chain's first validators. x/operators has no messages, so it is not a transaction; it is a file that
// travels to whoever collects. Two signatures bind it: the account's, and the consensus key's, so that nobody can enter another one's node.
type Gentx struct {
	ChainID string `json:"chain_id"`
	Address string `json:"address"`
	Moniker string `json:"moniker"`
	// ConsensusKey is the node's ed25519 key, 32 bytes.
	ConsensusKey []byte `json:"consensus_key"`
	Power        int64  `json:"power"`
	// Peer is NODE_ID@HOST:PORT.
	Peer string `json:"peer"`
	// AccountKey is the compressed secp256k1 key behind Address, 33 bytes.
	AccountKey         []byte `json:"account_key"`
	AccountSignature   []byte `json:"account_signature,omitempty"`
	ConsensusSignature []byte `json:"consensus_signature,omitempty"`
}

// SignBytes are what both keys sign. The prefix keeps them apart from votes and transactions, which are protobuf and never begin so.
func (g Gentx) SignBytes() ([]byte, error) {
	g.AccountSignature, g.ConsensusSignature = nil, nil
	bz, err := json.Marshal(g)
	return append([]byte("top/operators/gentx/v1\n"), bz...), err
}

// Operator that the file asks for.
func (g Gentx) Operator() operatorstypes.Operator {
	return operatorstypes.Operator{Address: g.Address, Moniker: g.Moniker, ConsensusKey: g.ConsensusKey, Power: g.Power}
}

// Verify checks that a gentx is for this chain, well formed and signed by both of its keys.
func (g Gentx) Verify(chainID string) error {
	if g.ChainID != chainID {
		return fmt.Errorf("it is for chain %q, not for %q: ask its operator for a new one", g.ChainID, chainID)
	}
	if err := g.Operator().Validate(); err != nil {
		return err
	}
	acc, err := sdk.AccAddressFromBech32(g.Address)
	if err != nil {
		return err
	}
	if len(g.AccountKey) != secp256k1.PubKeySize {
		return fmt.Errorf("account_key has %d bytes, want %d", len(g.AccountKey), secp256k1.PubKeySize)
	}
	account := &secp256k1.PubKey{Key: g.AccountKey}
	if !bytes.Equal(account.Address(), acc) {
		return fmt.Errorf("account_key is not that of %s", g.Address)
	}
	msg, err := g.SignBytes()
	if err != nil {
		return err
	}
	if !account.VerifySignature(msg, g.AccountSignature) {
		return fmt.Errorf("the account's signature is wrong: the file was changed after %s signed it", g.Address)
	}
	if !ed25519.PubKey(g.ConsensusKey).VerifySignature(msg, g.ConsensusSignature) {
		return fmt.Errorf("the consensus key's signature is wrong: %s does not hold that node's key", g.Address)
	}
	return nil
}
