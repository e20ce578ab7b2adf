package edge

import (
	"math"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/topnetwork/top/protocol/lattice"
)

// cacheKey of what cannot change: what a shard has at a height, or a transaction.
type cacheKey struct {
	method, shard string
	height        int64
	hash          lattice.Hash
}

// cache of answers that cannot change, bounded in bytes. Whoever takes one does not change it.
type cache struct {
	asked func(hit bool)

	mu         sync.Mutex
	entries    *lru.LRU[cacheKey, entry]
	size, most int
}

type entry struct {
	value any
	size  int
}

// entryOverhead in bytes that an entry takes beside its value.
const entryOverhead = 256

func newCache(bytes int, asked func(hit bool)) (*cache, error) {
	c := &cache{most: bytes, asked: asked}
	var err error
	c.entries, err = lru.NewLRU(math.MaxInt32, func(_ cacheKey, e entry) { c.size -= e.size })
	return c, err
}

func (c *cache) get(key cacheKey) (any, bool) {
	c.mu.Lock()
	e, ok := c.entries.Get(key)
	c.mu.Unlock()
	c.asked(ok)
	return e.value, ok
}

// put a value of so many bytes; the oldest ones go. What would take more than a quarter of all is not kept.
func (c *cache) put(key cacheKey, value any, bytes int) {
	bytes += entryOverhead
	if bytes > c.most/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(key)
	c.entries.Add(key, entry{value, bytes})
	c.size += bytes
	for c.size > c.most {
		c.entries.RemoveOldest()
	}
}
