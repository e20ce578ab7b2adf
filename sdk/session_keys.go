package sdk

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"path/filepath"
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
}

func (k *sessionKeys) path() string { return filepath.Join(k.home, "session.key") }

func loadSessionKeys(home string) (*sessionKeys, error) {
	k := &sessionKeys{home: home}
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
		k.earlier = append(k.earlier, key)
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

// renew makes another key the current one. The file of the one before is written first: wherever it is cut off, no key is lost.
func (k *sessionKeys) renew() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, next, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	name := "session-" + hex.EncodeToString(publicOf(k.current)[:8]) + ".key"
	if err := keyfile.Write(filepath.Join(k.home, name), k.current.Seed()); err != nil {
		return err
	}
	if err := keyfile.Write(k.path(), next.Seed()); err != nil {
		return err
	}
	k.current, k.earlier = next, append(k.earlier, k.current)
	return nil
}

// sessionSigner signs vouchers with a session key.
type sessionSigner struct{ key ed25519.PrivateKey }

// SignVoucher implements session.Config.Key.
func (s sessionSigner) SignVoucher(v *voucher.Voucher) { v.SignClient(s.key) }
