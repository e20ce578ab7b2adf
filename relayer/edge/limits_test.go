package edge

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/trie"
)

// A client that asks too often or too much is refused, and others are served.
func TestLimits(t *testing.T) {
	why := map[string]int{}
	l, err := newLimits(Config{Rate: 1, Burst: 4, InFlight: 8}, func(reason string) { why[reason]++ })
	require.NoError(t, err)
	for range 2 {
		_, err := l.admit("192.0.2.1:1000", 1)
		require.NoError(t, err)
	}
	_, err = l.admit("192.0.2.1:2000", 1)
	require.ErrorIs(t, err, errBusy, "a quarter of what may be in flight is one client's")
	done, err := l.admit("192.0.2.2:1", 100)
	require.NoError(t, err, "what costs more than the burst takes all of it")
	done()
	_, err = l.admit("192.0.2.2:2", 1)
	require.ErrorIs(t, err, errRate)
	for range 3 {
		for _, remote := range []string{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1"} {
			_, _ = l.admit(remote, 1)
		}
	}
	_, err = l.admit("[2001:db8::ffff]:1", 1)
	require.Error(t, err, "a household's addresses are one client")
	_, err = l.admit("203.0.113.1:1", 1)
	require.NoError(t, err)
	require.Equal(t, 6, l.busy-1, "two clients have two each, this one another")
	for range maxSockets {
		_, err := l.socket("203.0.113.9:1")
		require.NoError(t, err)
	}
	_, err = l.socket("203.0.113.9:1")
	require.Error(t, err)
	require.Positive(t, why["rate"])
	require.Positive(t, why["busy"])
}

// Over HTTP: batches cost what their calls would, and bodies are bounded.
func TestLimitsOverHTTP(t *testing.T) {
	table := parse(t, "- all\n")
	cfg := testConfig(t, newFake(t, "all", table, began))
	cfg.Rate, cfg.Burst = 1, 10
	r := start(t, cfg)
	post := func(body string) int {
		res, err := http.Post("http://"+r.RPC, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	batch := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"health","params":{}},`, n), ",") + "]"
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, post(strings.Repeat(" ", maxBody+1)))
	require.Equal(t, http.StatusRequestEntityTooLarge, post(batch(maxBatch+1)))
	require.Equal(t, http.StatusOK, post(batch(8)))
	require.Equal(t, http.StatusTooManyRequests, post(batch(8)))
}

func TestCacheIsBounded(t *testing.T) {
	hits := 0
	c, err := newCache(10_000, func(hit bool) {
		if hit {
			hits++
		}
	})
	require.NoError(t, err)
	for h := range int64(100) {
		c.put(cacheKey{height: h}, h, 1000)
	}
	c.put(cacheKey{height: 1000}, 0, 9000)
	require.LessOrEqual(t, c.size, 10_000)
	_, ok := c.get(cacheKey{height: 1000})
	require.False(t, ok, "one entry does not push out all others")
	_, ok = c.get(cacheKey{height: 0})
	require.False(t, ok)
	got, ok := c.get(cacheKey{height: 99})
	require.True(t, ok)
	require.EqualValues(t, 99, got)
	c.put(cacheKey{height: 99}, 1, 10)
	require.Equal(t, 1, hits)
	require.Equal(t, c.entries.Len()*(1000+entryOverhead)-990, c.size)
}

// The table of most shards counts; of as many, the one that there is, and else the finer one.
func TestChosenTable(t *testing.T) {
	now, split, other := parse(t, "0 a\n1 b\n"), parse(t, "0 a\n10 b\n11 c\n"), parse(t, "00 a\n01 c\n1 b\n")
	for _, c := range []struct {
		heard []trie.Table
		want  trie.Table
	}{
		{nil, now}, {[]trie.Table{now, split}, now}, {[]trie.Table{split, now}, now}, {[]trie.Table{now, split, split}, split}, {[]trie.Table{split, split, other}, split}, {[]trie.Table{split}, split},
	} {
		require.Equal(t, c.want, chosen(now, c.heard))
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	good := func() Config {
		return Config{
			Network: "top-1", RPC: "127.0.0.1:0", Refresh: time.Second, Rate: 1, Burst: 1, InFlight: 1, Cache: 1,
			Nodes: "shards.txt",
		}
	}
	require.NoError(t, good().Validate())
	for want, change := range map[string]func(*Config){
		"edge.network is empty":     func(c *Config) { c.Network = "" },
		"there is nothing to serve": func(c *Config) { c.RPC = "" },
		"edge.rate is 0":            func(c *Config) { c.Rate = 0 },
		"edge.burst is -1":          func(c *Config) { c.Burst = -1 },
		"edge.in_flight is 0":       func(c *Config) { c.InFlight = 0 },
		"edge.cache is 0":           func(c *Config) { c.Cache = 0 },
		"edge.refresh is 1ms":       func(c *Config) { c.Refresh = time.Millisecond },
		"an origin is empty":        func(c *Config) { c.Origins = []string{""} },
		"edge.nodes is empty":       func(c *Config) { c.Nodes = "" },
	} {
		c := good()
		change(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
}
