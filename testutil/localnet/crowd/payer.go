// Package crowd is many accounts that pay each other over a network's edge while its shards rotate and split: the demo's and the process tests' load.
package crowd

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// Funds of a payer in utop.
	Funds = 10_000_000_000
	// Amount of a payment in utop: what must be sent to an account in another shard at least.
	Amount = 100_000
)

// payer of the crowd signs with Ed25519.
type payer struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	// signed payments, by their sequence.
	signed [][]byte
	// balance that it must have in the end.
	balance uint64

	// sent and done count its payments: offered to the edge, and in a block of its shard.
	sent, done uint64
	// waits counts looks since the last that got it further.
	waits int
}

// Crowd of payers.
type Crowd struct {
	payers []*payer
	// Payments of all of them, and Crossing: those whose recipient is in another shard than their sender.
	Payments, Crossing int
}

// New crowd of so many payers. The same number makes the same accounts.
func New(payers int) (*Crowd, error) {
	c := &Crowd{}
	for i := range payers {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("crowd"), uint64(i)))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // It is one.
		if err != nil {
			return nil, err
		}
		c.payers = append(c.payers, &payer{secret: secret, key: key, address: sendtx.AddressOf(key), balance: Funds})
	}
	return c, nil
}

// Accounts of the crowd, as a network of shards begins with them.
func (c *Crowd) Accounts() (lines []string) {
	for _, p := range c.payers {
		lines = append(lines, fmt.Sprintf("%s %d%s", sendtx.Bech32(p.address), uint64(Funds), localnet.Denom))
	}
	return lines
}

// sign rounds of payments: every second one goes to another shard of the table.
func (c *Crowd) sign(table trie.Table, rounds int) error {
	shards := map[string][]*payer{}
	shardOf := func(p *payer) string {
		owner, _ := table.Owner(p.address)
		return owner.Name
	}
	for _, p := range c.payers {
		shards[shardOf(p)] = append(shards[shardOf(p)], p)
	}
	for i, p := range c.payers {
		own := shardOf(p)
		for round := range rounds {
			to := shards[own][(i+round)%len(shards[own])]
			if (i+round)%2 == 0 && len(table) > 1 {
				at := (i*rounds + round) % len(c.payers)
				for shardOf(c.payers[at]) == own {
					at = (at + 1) % len(c.payers)
				}
				to = c.payers[at]
			}
			if shardOf(to) != own {
				c.Crossing++
			}
			tx := sendtx.New(lattice.Transfer{To: to.address, Key: p.key, Sequence: uint64(round), Amount: lattice.Balance{Utop: Amount}}, "")
			p.signed = append(p.signed, tx.Signed(ed25519.Sign(p.secret, tx.SignBytes(latticetypes.Network))))
			p.balance -= Amount
			to.balance += Amount
			c.Payments++
		}
	}
	return nil
}
