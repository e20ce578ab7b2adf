package nodes

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodes(t *testing.T) {
	nodes, err := Parse("# the network\ntop-z0.s0-1 http://a:1 a:2\n\ntop-z0.s0-1 http://b:1 b:2 # another one\ntop-z1.s*-* http://{shard}.example:1 {shard}.example:2\n")
	require.NoError(t, err)
	require.Equal(t, []string{"top-z0.s0-1"}, nodes.Shards())
	require.Equal(t, []Node{{"http://a:1", "a:2"}, {"http://b:1", "b:2"}}, nodes.Of("top-z0.s0-1"))
	require.Equal(t, []Node{{"http://top-z1.s3-2.example:1", "top-z1.s3-2.example:2"}}, nodes.Of("top-z1.s3-2"))
	require.Empty(t, nodes.Of("top-z2.s0-1"))
}

func TestBadNodes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":      {"# later\n", "names no node"},
		"words":        {"top-z0.s0-1 http://a:1\n", "line 1 has 2 words"},
		"host":         {"host a:1\n", "line 1"},
		"rpc":          {"top-z0.s0-1 a:1 a:2\n", "begins with http"},
		"grpc":         {"top-z0.s0-1 http://a:1 a\n", "want host:port"},
		"twice":        {"s http://a:1 a:2\ns http://a:1 a:2\n", "line 2 is there twice"},
		"one for many": {"top-* http://a:1 a:2\n", "a node is of one shard"},
		"pattern":      {"top-[ http://{shard}:1 a:2\n", "is no pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.text)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzNodes(f *testing.F) {
	f.Add("top-z0.s0-1 http://a:1 a:2\n")
	f.Add("top-z1.s*-* http://{shard}.example:1 {shard}.example:2 # many\n")
	f.Fuzz(func(t *testing.T, text string) {
		nodes, err := Parse(text)
		if err != nil {
			return
		}
		for _, shard := range nodes.Shards() {
			require.NotEmpty(t, nodes.Of(shard))
		}
	})
}
