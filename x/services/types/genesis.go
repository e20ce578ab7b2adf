package types

import (
	"math/bits"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/internal/account"
)

// DefaultGenesisState has the standard service types and no chains.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{Params: DefaultParams(), Types: StandardTypes(), Chains: []ServiceChain{}, Providers: []Provider{}, FormerKeys: []FormerKey{}}
}

// Validate checks every record, that references hold and nothing stands twice.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	types := map[string]ServiceType{}
	for _, t := range gs.Types {
		if err := t.Validate(); err != nil {
			return err
		}
		if _, ok := types[t.Name]; ok {
			return errorsmod.Wrapf(ErrExists, "type %s stands twice", t.Name)
		}
		types[t.Name] = t
	}
	chains := map[string]ServiceChain{}
	clients := map[string]bool{}
	for _, c := range gs.Chains {
		if err := ValidateChainID(c.ChainId); err != nil {
			return err
		}
		if err := account.Check(ErrInvalid, "operator", c.Operator); err != nil {
			return err
		}
		if _, ok := types[c.Type]; !ok {
			return errorsmod.Wrapf(ErrNotFound, "type %q of chain %s", c.Type, c.ChainId)
		}
		if _, ok := chains[c.ChainId]; ok || (c.ClientId != "" && clients[c.ClientId]) {
			return errorsmod.Wrapf(ErrExists, "chain %s or its client stands twice", c.ChainId)
		}
		chains[c.ChainId], clients[c.ClientId] = c, true
	}
	seen := map[string]bool{}
	for _, p := range gs.Providers {
		chain, ok := chains[p.ChainId]
		if !ok {
			return errorsmod.Wrapf(ErrNotFound, "chain %q of provider %s", p.ChainId, p.Address)
		}
		if err := account.Check(ErrInvalid, "provider", p.Address); err != nil {
			return err
		}
		if id, err := PeerID(p.Key); err != nil || id != p.PeerId {
			return errorsmod.Wrapf(ErrInvalid, "peer id %q of provider %s is not that of its key", p.PeerId, p.Address)
		}
		if p.Status == ProviderStatus_PROVIDER_STATUS_ACTIVE && p.LastEpoch != 0 {
			return errorsmod.Wrapf(ErrInvalid, "provider %s is active, its last_epoch is %d: want 0", p.Address, p.LastEpoch)
		}
		if err := ValidateEndpoints(p.Endpoints); err != nil {
			return err
		}
		if err := ValidatePrices(p.Prices, types[chain.Type]); err != nil {
			return err
		}
		for _, key := range []string{p.ChainId + "/" + p.Address, p.ChainId + "/" + string(p.Key)} {
			if seen[key] {
				return errorsmod.Wrapf(ErrExists, "provider %s or its key stands twice on %s", p.Address, p.ChainId)
			}
			seen[key] = true
		}
	}
	for _, f := range gs.FormerKeys {
		if _, err := PeerID(f.Key); err != nil {
			return err
		}
		if !seen[f.ChainId+"/"+f.Address] {
			return errorsmod.Wrapf(ErrNotFound, "provider %s of a former key on %s", f.Address, f.ChainId)
		}
		key := f.ChainId + "/" + string(f.Key)
		if seen[key] {
			return errorsmod.Wrapf(ErrExists, "former key %x stands twice on %s", f.Key, f.ChainId)
		}
		seen[key] = true
	}
	_, err := gs.TotalDeposits()
	return err
}

// TotalDeposits is what the module account must hold at least, in utop.
func (gs GenesisState) TotalDeposits() (uint64, error) {
	var sum, carry uint64
	add := func(v uint64) {
		var c uint64
		sum, c = bits.Add64(sum, v, 0)
		carry |= c
	}
	for _, t := range gs.Types {
		add(t.Deposit)
	}
	for _, c := range gs.Chains {
		add(c.Deposit)
	}
	for _, p := range gs.Providers {
		add(p.Deposit)
	}
	if carry != 0 {
		return 0, errorsmod.Wrap(ErrInvalid, "deposits exceed 2^64")
	}
	return sum, nil
}
