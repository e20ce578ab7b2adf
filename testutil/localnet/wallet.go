package localnet

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/cosmos/go-bip39"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/sdk/chain"
)

// WalletIn the accounts that begin with a prefix: the same number is the same wallet.
func WalletIn(p lattice.Prefix, number int) (Key, error) {
	for n := uint64(0); ; n++ {
		entropy := sha256.Sum256(binary.BigEndian.AppendUint64(fmt.Appendf(nil, "wallet %d", number), n))
		mnemonic, err := bip39.NewMnemonic(entropy[:])
		if err != nil {
			return Key{}, err
		}
		key, err := chain.FromMnemonic(mnemonic)
		if err != nil {
			return Key{}, err
		}
		address, err := sendtx.Address(key.Address())
		if err != nil {
			return Key{}, err
		}
		if p.Holds(lattice.BucketOf(address)) {
			return Key{Name: fmt.Sprintf("wallet%d", number), Address: key.Address(), Mnemonic: mnemonic}, nil
		}
	}
}
