package sdk

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/keyfile"
)

// ErrSessionKey says that the session key can spend no more: its cap is too small for the credit, or it has ended or soon will. The account takes a new one.
var ErrSessionKey = errors.New("the session key can spend no more")

// sessionKeys sign vouchers. New sessions take the current one; an earlier one signs what is left of the sessions that it opened.
type sessionKeys struct {
	home string

	mu      sync.Mutex
	current ed25519.PrivateKey
	earlier []ed25519.PrivateKey
	ended   map[string]bool // earlier ones, by their public keys, that the chains know to have ended
}

func (k *sessionKeys) path() string { return filepath.Join(k.home, "session.key") }

// nextPath is of the key that takes the current one's place once it has credit.
func (k *sessionKeys) nextPath() string { return filepath.Join(k.home, "session.next.key") }

func (k *sessionKeys) earlierPath(public ed25519.PublicKey) string {
	return filepath.Join(k.home, "session-"+hex.EncodeToString(public[:8])+".key")
}

// endedSuffix is of earlier keys' files once the chains know that they have ended: nobody has to be asked about them again.
const endedSuffix = ".ended.key"

func (k *sessionKeys) endedPath(public ed25519.PublicKey) string {
	return strings.TrimSuffix(k.earlierPath(public), ".key") + endedSuffix
}

func loadSessionKeys(home string) (*sessionKeys, error) {
	k := &sessionKeys{home: home, ended: map[string]bool{}}
	var err error
	if k.current, err = keyfile.Load(k.path()); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(home, "session-*.key"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		key, err := keyfile.Load(path)
		if err != nil {
			return nil, err
		}
		if !key.Equal(k.current) { // as a promotion that was cut off leaves it
			k.earlier = append(k.earlier, key)
		}
		if strings.HasSuffix(path, endedSuffix) {
			k.ended[string(publicOf(key))] = true
		}
	}
	return k, nil
}

func (k *sessionKeys) key() ed25519.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

func (k *sessionKeys) public() []byte { return publicOf(k.key()) }

func publicOf(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// of answers the key with a public key; a session whose key is lost is signed by the current one, which its provider refuses.
func (k *sessionKeys) of(public []byte) ed25519.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.earlier {
		if bytes.Equal(publicOf(key), public) {
			return key
		}
	}
	return k.current
}

// next is the key to come: the same one until it is promoted, so that what an attempt that was cut off gave it is not lost.
func (k *sessionKeys) next() (ed25519.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, err := keyfile.Load(k.nextPath())
	if err != nil || !key.Equal(k.current) {
		return key, err
	}
	// A promotion was cut off before its last step.
	if err := os.Remove(k.nextPath()); err != nil {
		return nil, err
	}
	return keyfile.Load(k.nextPath())
}

// promote makes the next key the current one. Each file is written before another takes its place: wherever it is cut off, no key is lost.
func (k *sessionKeys) promote(next ed25519.PrivateKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := keyfile.Write(k.earlierPath(publicOf(k.current)), k.current.Seed()); err != nil {
		return err
	}
	if err := keyfile.Write(k.path(), next.Seed()); err != nil {
		return err
	}
	k.current, k.earlier = next, append(k.earlier, k.current)
	return os.Remove(k.nextPath())
}

// unended are the public keys of earlier ones that the chains may still take for good.
func (k *sessionKeys) unended() (list [][]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.earlier {
		if public := publicOf(key); !k.ended[string(public)] {
			list = append(list, public)
		}
	}
	return list
}

// setEnded notes it for good. The key itself is kept: it may have vouchers left to sign.
func (k *sessionKeys) setEnded(public []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended[string(public)] = true
	return os.Rename(k.earlierPath(public), k.endedPath(public))
}

// sessionSigner signs vouchers with a session key.
type sessionSigner struct{ key ed25519.PrivateKey }

// SignVoucher implements session.Config.Key.
func (s sessionSigner) SignVoucher(v *voucher.Voucher) { v.SignClient(s.key) }
