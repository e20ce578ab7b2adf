package bench

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/crypto/secp256k1"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// The load of a shard.
const (
	shardAccounts = 20_000
	shardChainID  = "top-z0.s0-1"
	// shardFunds of an account in utop: its quota is full, and enough for all that it sends.
	shardFunds = 100_000_000_000
	// shardTime is how long a load is counted.
	shardTime = 60 * time.Second
	// shardWaiting transfers are under way at most: more only wait in the mempool.
	shardWaiting = 40_000
	// shardBatch of transfers in a message.
	shardBatch = 500
)

// signer is an account that signs transfers.
type signer struct {
	key  lattice.Key
	sign func(bytes []byte) ([]byte, error)
	next uint64
}

// newSigner number n of a kind; the same every time.
func newSigner(kind lattice.KeyKind, n int) (*signer, error) {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("bench"), uint64(n)))
	if kind == lattice.Ed25519 {
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(kind, secret.Public().(ed25519.PublicKey))
		return &signer{key: key, sign: func(b []byte) ([]byte, error) { return ed25519.Sign(secret, b), nil }}, err
	}
	x, y := secp256k1.S256().ScalarBaseMult(seed[:])
	key, err := lattice.NewKey(kind, secp256k1.CompressPubkey(x, y))
	return &signer{key: key, sign: func(b []byte) ([]byte, error) {
		hash := sha256.Sum256(b)
		signature, err := secp256k1.Sign(hash[:], seed[:])
		if err != nil {
			return nil, err
		}
		return signature[:sendtx.SignatureSize], nil
	}}, err
}

// transfer of a utop to another account, signed for the network.
func (s *signer) transfer(to lattice.Address) ([]byte, error) { return s.send(to, 1) }

// send so much to another account, signed for the network.
func (s *signer) send(to lattice.Address, utop uint64) ([]byte, error) {
	u := sendtx.New(lattice.Transfer{To: to, Key: s.key, Sequence: s.next, Amount: lattice.Balance{Utop: utop}}, "")
	s.next++
	signature, err := s.sign(u.SignBytes(latticetypes.Network))
	return u.Signed(signature), err
}

// shardNet is a shard as processes.
type shardNet struct {
	mainChain
	// signers of the load, and probes who wait for each of their transfers.
	signers, probes []*signer
	// senders among the signers; 0 are all.
	senders int
	// recipients of the signers' transfers: other signers where there are none; amount of each in utop, 1 where it is 0.
	recipients []lattice.Address
	amount     uint64
	// profiles of the first member are served there.
	profiles string
	// initialized is how long making the homes took, begun how long the first blocks.
	initialized, begun time.Duration
}

// shardConfig of a shard: its members, and the accounts that send, each with a key of a kind.
type shardConfig struct {
	members, accounts int
	kind              lattice.KeyKind
	// profiled members tell of their memory.
	profiled bool
}

// shardPlace in a network: its chain id, and as flags the bits of its accounts and the file of routes; none of the two where it holds everything.
type shardPlace struct {
	id    string
	flags []string
}

// startShard on which the accounts have funds.
func startShard(ctx context.Context, cfg localnet.Config, dir string, c shardConfig) (s *shardNet, err error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, err
	}
	all := make([]*signer, c.accounts+confirmClients)
	if err := each(len(all), func(i int) (err error) {
		all[i], err = newSigner(c.kind, i)
		return err
	}); err != nil {
		return nil, err
	}
	if s, err = makeShard(ctx, cfg, dir, c, shardPlace{id: shardChainID}, all); err != nil {
		return nil, err
	}
	return s, s.start(ctx, cfg, dir, c)
}

// makeShard makes the homes of a shard with these accounts, the last ones for probes.
func makeShard(ctx context.Context, cfg localnet.Config, dir string, c shardConfig, place shardPlace, all []*signer) (*shardNet, error) {
	s := &shardNet{signers: all[:c.accounts], probes: all[c.accounts:]}
	accounts := filepath.Join(dir, "accounts")
	if err := errors.Join(os.MkdirAll(dir, 0o700), writeAccounts(accounts, all)); err != nil {
		return nil, err
	}
	began := time.Now()
	bz, err := process.Run(ctx, process.Spec{Name: "shard init", Path: filepath.Join(cfg.Bin, "topchaind"), Log: filepath.Join(dir, "logs", "init.log"), Args: append([]string{
		"shard", "init", "--output-dir", filepath.Join(dir, "nodes"), "--members", strconv.Itoa(c.members), "--accounts", accounts, "--chain-id", place.id,
	}, place.flags...)})
	if err != nil {
		return nil, err
	}
	var made struct {
		Nodes []localnet.Node `json:"nodes"`
	}
	if err := json.Unmarshal(bz, &made); err != nil {
		return nil, err
	}
	s.id, s.nodes, s.initialized = place.id, made.Nodes, time.Since(began)
	return s, nil
}

// start the members, and wait for their first blocks. Where that fails nothing runs any more.
func (s *shardNet) start(ctx context.Context, cfg localnet.Config, dir string, c shardConfig) (err error) {
	program := filepath.Join(cfg.Bin, "topchaind")
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	var env []string
	if c.profiled {
		if s.profiles, err = freeAddress(); err != nil {
			return err
		}
		env = append(env, "TOPCHAIND_RPC_PPROF_LADDR="+s.profiles)
	}
	began := time.Now()
	for i, node := range s.nodes {
		p, err := process.Start(process.Spec{
			Name: fmt.Sprintf("shard%d", i), Path: program, Args: []string{"shard", "start", "--home", node.Home, "--log_level", "error"}, Log: filepath.Join(dir, "logs", fmt.Sprintf("shard%d.log", i)), Env: env,
		})
		if err != nil {
			return err
		}
		s.procs = append(s.procs, p)
	}
	err = s.ready(ctx)
	s.begun = time.Since(began)
	return err
}

func writeAccounts(path string, signers []*signer) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for _, s := range signers {
		if _, err := fmt.Fprintf(w, "%s %dutop\n", sendtx.Bech32(sendtx.AddressOf(s.key)), uint64(shardFunds)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// ready waits until all members have made blocks.
func (s *shardNet) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for i := range s.nodes {
		if err := process.Await(ctx, "the second block of "+s.nodes[i].Home, func(ctx context.Context) error {
			m, err := s.metas(ctx, i, 0)
			if err == nil && m.last < 2 {
				err = fmt.Errorf("height is %d", m.last)
			}
			return err
		}, s.procs...); err != nil {
			return err
		}
	}
	return nil
}
