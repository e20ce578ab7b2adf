package localnet

import (
	"context"
	"fmt"

	"github.com/cosmos/go-bip39"

	"github.com/topnetwork/top/sdk/chain"
)

func newKey(name string) (Key, error) {
	entropy, err := bip39.NewEntropy(256)
	if err != nil {
		return Key{}, err
	}
	mnemonic, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return Key{}, err
	}
	key, err := chain.FromMnemonic(mnemonic)
	if err != nil {
		return Key{}, err
	}
	return Key{Name: name, Address: key.Address(), Mnemonic: mnemonic}, nil
}

// makeKeys of everyone who is funded in genesis.
func (n *Network) makeKeys(context.Context) (err error) {
	if n.Operator, err = newKey("operator"); err != nil {
		return err
	}
	if n.cfg.Shards.Zones > 0 {
		for key, name := range map[*Key]string{&n.Steward: "steward", &n.Carrier: "carrier"} {
			if *key, err = newKey(name); err != nil {
				return err
			}
		}
	}
	for i := range n.cfg.Providers {
		key, err := newKey(fmt.Sprintf("provider%d", i))
		if err != nil {
			return err
		}
		n.Providers = append(n.Providers, &Provider{Key: key})
	}
	for i := range n.cfg.Users {
		key, err := newKey(fmt.Sprintf("user%d", i))
		if err != nil {
			return err
		}
		n.Users = append(n.Users, key)
	}
	return n.writeRecord()
}

// funds are the genesis balances, as `topchaind testnet init-files` takes them.
func (n *Network) funds() []string {
	flags := []string{"--account", fmt.Sprintf("%s=%d", n.Operator.Address, uint64(OperatorFunds))}
	if n.cfg.Shards.Zones > 0 {
		for _, key := range []Key{n.Steward, n.Carrier} {
			flags = append(flags, "--account", fmt.Sprintf("%s=%d", key.Address, UserFunds))
		}
	}
	for _, p := range n.Providers {
		flags = append(flags, "--account", fmt.Sprintf("%s=%d", p.Address, ProviderFunds))
	}
	for _, u := range n.Users {
		flags = append(flags, "--account", fmt.Sprintf("%s=%d", u.Address, UserFunds))
	}
	return flags
}
