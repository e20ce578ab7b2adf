package bench

import (
	"errors"
	"time"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// refuseBatch of bad transactions that are offered one after the other.
const refuseBatch = 256

var errAccepted = errors.New("a bad transaction was taken")

// accountsOf a bench: a mempool's state without a shard around it.
type accountsOf map[lattice.Address]lattice.Record

func (a accountsOf) Rules() (lattice.Rules, bool) {
	return lattice.Rules{Now: time.Now().UnixNano(), Height: 1, Deposit: latticetypes.DefaultParams().Deposit, Quota: quota.Default()}, true
}

func (a accountsOf) Get(address lattice.Address) (lattice.Record, bool, error) {
	r, ok := a[address]
	return r, ok, nil
}

// refusals measures what it costs a member to refuse a transaction.
func refusals() ([]Result, error) {
	accounts := accountsOf{}
	forged, exhausted, replayed := make([][]byte, refuseBatch), make([][]byte, refuseBatch), make([][]byte, refuseBatch)
	for i := range refuseBatch {
		s, err := newSigner(lattice.Ed25519, i)
		if err != nil {
			return nil, err
		}
		a := sendtx.AddressOf(s.key)
		r := lattice.Record{Address: a, Sequence: 1, Balance: lattice.Balance{Utop: shardFunds}, Mana: quota.Default().Full(shardFunds, time.Now().UnixNano())}
		for _, list := range [][][]byte{replayed, forged} {
			if list[i], err = s.transfer(a); err != nil {
				return nil, err
			}
		}
		forged[i][len(forged[i])-1] ^= 1
		accounts[a] = r
		// Another account of the same make that has nothing left.
		if s, err = newSigner(lattice.Ed25519, refuseBatch+i); err != nil {
			return nil, err
		}
		if exhausted[i], err = s.transfer(a); err != nil {
			return nil, err
		}
		poor := sendtx.AddressOf(s.key)
		accounts[poor] = lattice.Record{Address: poor, Balance: lattice.Balance{Utop: latticetypes.DefaultParams().Deposit}, Mana: quota.Mana{Time: time.Now().UnixNano()}}
	}
	var results []Result
	for _, c := range []struct {
		name string
		txs  [][]byte
		bar  float64
	}{{"badsig", forged, 80}, {"quota", exhausted, 5}, {"replay", replayed, 5}} {
		pool := mempool.New(mempool.DefaultConfig(), accounts, intake.New(latticetypes.Network, 1))
		cost, err := measure(func() error {
			for _, err := range pool.InsertAll(c.txs) {
				if err == nil {
					return errAccepted
				}
			}
			return nil
		})
		if err != nil {
			return results, err
		}
		results = append(results, newResult("shard.refuse."+c.name+"_us", cost/refuseBatch/1000, "us", map[string]any{
			"batch": refuseBatch, "cpu": "CPU time, least of 5 rounds", "what": "from the mempool's insertion to the refusal; all of a batch are bad, each of another account",
		}).atMost(c.bar))
	}
	return results, nil
}
