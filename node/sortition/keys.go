// Package sortition lets a node of the main chain publish its proofs and seals by itself: its keys, and the loop that watches for its duties. It runs beside the state
// machine and knows no more than any client.
package sortition

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"

	rules "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

// KeysFile in the node's config directory. Whoever has it can publish for the node; it moves no coins.
const KeysFile = "node_keys.json"

// Keys that a node holds itself, apart from its consensus key and from its operator's account.
type Keys struct {
	// VRFSecret is 32 random bytes; it signs nothing.
	VRFSecret []byte `json:"vrf_secret"`
	// HotSecret is the secp256k1 key of the hot address, which sends the node's proofs and owns nothing.
	HotSecret []byte `json:"hot_secret"`
}

// Registration is what an operator registers of a node's keys.
type Registration struct {
	HotAddress string `json:"hot_address"`
	VRFKey     []byte `json:"vrf_key"`
	VRFProof   []byte `json:"vrf_proof"`
}

// path of the keys in a node's home.
func path(home string) string { return filepath.Join(home, "config", KeysFile) }

// LoadKeys of a node's home; fs.ErrNotExist where none were made.
func LoadKeys(home string) (Keys, error) {
	bz, err := os.ReadFile(path(home))
	if err != nil {
		return Keys{}, err
	}
	var k Keys
	if err := json.Unmarshal(bz, &k); err != nil {
		return Keys{}, fmt.Errorf("%s: %w; restore it from a backup, or remove it and register new keys", path(home), err)
	}
	if len(k.VRFSecret) != ecvrf.SecretKeySize || len(k.HotSecret) != secp256k1.PrivKeySize {
		return Keys{}, fmt.Errorf("%s: secrets of %d and %d bytes, want %d each; restore it from a backup, or remove it and register new keys",
			path(home), len(k.VRFSecret), len(k.HotSecret), ecvrf.SecretKeySize)
	}
	return k, nil
}

// EnsureKeys loads the keys of a node's home and makes them first where there are none.
func EnsureKeys(home string) (Keys, error) {
	k, err := LoadKeys(home)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	k = Keys{VRFSecret: make([]byte, ecvrf.SecretKeySize), HotSecret: secp256k1.GenPrivKey().Bytes()}
	if _, err := rand.Read(k.VRFSecret); err != nil {
		return Keys{}, err
	}
	bz, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return Keys{}, err
	}
	return k, os.WriteFile(path(home), append(bz, '\n'), 0o600)
}

func (k Keys) hot() *secp256k1.PrivKey { return &secp256k1.PrivKey{Key: k.HotSecret} }

// HotAddress of the account that sends.
func (k Keys) HotAddress() sdk.AccAddress { return sdk.AccAddress(k.hot().PubKey().Address()) }

// Registration of the keys as the node of an operator.
func (k Keys) Registration(chainID, operator string) (Registration, error) {
	key, err := ecvrf.PublicKey(k.VRFSecret)
	if err != nil {
		return Registration{}, err
	}
	proof, err := rules.ProvePossession(chainID, operator, k.VRFSecret)
	return Registration{HotAddress: k.HotAddress().String(), VRFKey: key, VRFProof: proof}, err
}
