package chain

import (
	"fmt"

	"github.com/cosmos/go-bip39"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	"github.com/cosmos/cosmos-sdk/types/bech32"
)

const (
	// Prefix of account addresses on every TOP chain.
	Prefix = "top"
	// Path of the first account (BIP-44, coin type 118).
	Path = "m/44'/118'/0'/0/0"
)

// Key is an account's secp256k1 key.
type Key struct {
	private *secp256k1.PrivKey
	address string
}

// NewMnemonic makes a new 24-word mnemonic (BIP-39).
func NewMnemonic() (string, error) {
	entropy, err := bip39.NewEntropy(256)
	if err != nil {
		return "", err
	}
	return bip39.NewMnemonic(entropy)
}

// FromMnemonic derives the first account of a mnemonic, the same that wallets derive.
func FromMnemonic(mnemonic string) (*Key, error) {
	if !bip39.IsMnemonicValid(mnemonic) {
		return nil, fmt.Errorf("not a BIP-39 mnemonic (12 to 24 English words with a valid checksum)")
	}
	bz, err := hd.Secp256k1.Derive()(mnemonic, "", Path)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", Path, err)
	}
	private := &secp256k1.PrivKey{Key: bz}
	address, err := bech32.ConvertAndEncode(Prefix, private.PubKey().Address())
	if err != nil {
		return nil, err
	}
	return &Key{private: private, address: address}, nil
}

// Address of the account, bech32.
func (k *Key) Address() string { return k.address }
