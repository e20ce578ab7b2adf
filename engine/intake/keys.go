package intake

import (
	"sync"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/cache"
)

// keys that sign often, in expanded form, which saves a fifth of a verification. A key is expanded when it is seen for the second time among the last ones: of a million accounts that sign now and then, none would be
// found again before it had to make room, and each would have cost its expansion and a kilobyte.
type keys struct {
	expanded cache.Cache

	mu sync.Mutex
	// young and old keys that were seen once, in two generations.
	young, old map[curve.CompressedEdwardsY]struct{}
}

func newKeys() *keys {
	return &keys{expanded: cache.NewLRUCache(keysKept), young: map[curve.CompressedEdwardsY]struct{}{}}
}

// find a key in expanded form; nil where it has none, or is no key.
func (k *keys) find(public []byte) *ed25519.ExpandedPublicKey {
	var compressed curve.CompressedEdwardsY
	if _, err := compressed.SetBytes(public); err != nil {
		return nil
	}
	if found := k.expanded.Get(&compressed); found != nil {
		return found
	}
	if !k.again(compressed) {
		return nil
	}
	found, err := ed25519.NewExpandedPublicKey(public)
	if err != nil {
		return nil
	}
	k.expanded.Put(&compressed, found)
	return found
}

// again tells whether a key was seen before, and remembers it.
func (k *keys) again(key curve.CompressedEdwardsY) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.young[key]; ok {
		return true
	}
	_, ok := k.old[key]
	if len(k.young) >= keysKept {
		k.old, k.young = k.young, map[curve.CompressedEdwardsY]struct{}{}
	}
	k.young[key] = struct{}{}
	return ok
}
