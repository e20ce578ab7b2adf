package types

import (
	"encoding/binary"
	"fmt"

	"crypto/sha256"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Network is the chain id that wallets sign.
const Network = "top-1"

// domainCommunity of the address that nobody has a key of.
const domainCommunity = "TOP/lattice/community/1"

// DefaultGenesisState holds all buckets and no account.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{Params: DefaultParams(), Shard: Shard{Network: Network}}
}

// Prefix of the shard.
func (s Shard) Prefix() lattice.Prefix { return prefix(s.PrefixBits, s.PrefixLen) }

// Community is the account of the shard that takes what nobody can: of the addresses derived from numbers the first one that falls to the shard.
func (s Shard) Community() lattice.Address {
	for n := uint32(0); ; n++ {
		h := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(domainCommunity), n))
		if a := lattice.Address(h[:lattice.AddressSize]); s.Prefix().Holds(lattice.BucketOf(a)) {
			return a
		}
	}
}

// Validate tells what is wrong, but for what only accounts together show.
func (gs *GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return fmt.Errorf("params: %w", err)
	}
	if gs.Shard.Network == "" {
		return fmt.Errorf("shard.network is empty, e.g. %s", Network)
	}
	if err := gs.Shard.Prefix().Check(); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	if err := gs.Routing.Table().CheckShard(gs.Shard.Prefix()); err != nil {
		return fmt.Errorf("routing: %w", err)
	}
	if len(gs.Balances) > 0 && len(gs.Buckets) > 0 {
		return fmt.Errorf("balances and buckets: a new shard has the one, an exported one the other")
	}
	if len(gs.Balances) > 0 && (gs.Burned > 0 || len(gs.Lost) > 0) {
		return fmt.Errorf("burned or lost: a new shard has burned nothing")
	}
	if f := gs.AccountsFile; f != nil {
		if err := f.check(); err != nil {
			return fmt.Errorf("accounts_file: %w", err)
		}
		if len(gs.Buckets) > 0 || gs.Burned > 0 || len(gs.Lost) > 0 {
			return fmt.Errorf("accounts_file: an exported shard has all its accounts in buckets")
		}
	}
	if i := gs.Inherited; i != nil {
		if err := i.check(); err != nil {
			return fmt.Errorf("inherited: %w", err)
		}
		if len(gs.Balances) > 0 || len(gs.Buckets) > 0 || gs.AccountsFile != nil {
			return fmt.Errorf("inherited: a shard has accounts of its parents, or others, not both")
		}
	}
	if err := gs.validateLedgers(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(gs.Balances))
	for i := range gs.Balances {
		if seen[gs.Balances[i].Address] {
			return fmt.Errorf("balances: %s is there twice", gs.Balances[i].Address)
		}
		seen[gs.Balances[i].Address] = true
		if _, err := gs.Record(i, 0); err != nil {
			return fmt.Errorf("balances: %s: %w", gs.Balances[i].Address, err)
		}
	}
	return checkCoins(gs.Lost)
}

// Record of a balance, with full quota at a time.
func (gs *GenesisState) Record(i int, now int64) (r lattice.Record, err error) {
	b := &gs.Balances[i]
	var a NewAccount
	if a.Address, err = sendtx.Address(b.Address); err != nil {
		return r, err
	}
	if a.Balance, err = BalanceOf(b.Coins); err != nil {
		return r, err
	}
	return gs.NewRecord(&a, now)
}

// NewRecord of an account, with full quota at a time.
func (gs *GenesisState) NewRecord(a *NewAccount, now int64) (lattice.Record, error) {
	r := lattice.Record{Address: a.Address, Balance: a.Balance}
	if !gs.Shard.Prefix().Holds(lattice.BucketOf(r.Address)) {
		return r, fmt.Errorf("%w; it goes into that shard's genesis", gs.Routing.Table().Elsewhere(r.Address))
	}
	if r.Utop < gs.Params.Deposit {
		return r, fmt.Errorf("%w: %dutop, an account holds at least %d", lattice.ErrDeposit, r.Utop, gs.Params.Deposit)
	}
	r.Mana = gs.Params.Quota.Rules().Full(r.Utop, now)
	return r, nil
}
