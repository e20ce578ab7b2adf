package config_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/config"
)

func TestLogTellsWhatIsAskedFor(t *testing.T) {
	tell := func(l config.Log) string {
		var b bytes.Buffer
		log, err := l.Logger(&b)
		require.NoError(t, err)
		log.Debug("details", "n", 1)
		log.Info("news", "n", 2)
		log.Warn("trouble", "n", 3)
		return b.String()
	}
	standard := tell(config.Log{})
	require.Contains(t, standard, "msg=news n=2")
	require.NotContains(t, standard, "details")
	require.Contains(t, tell(config.Log{Level: "debug"}), "msg=details")
	require.NotContains(t, tell(config.Log{Level: "warn"}), "news")
	require.Empty(t, tell(config.Log{Level: "error"}))
	var entry struct {
		Msg string
		N   int
	}
	require.NoError(t, json.Unmarshal([]byte(tell(config.Log{Level: "warn", Format: "json"})), &entry))
	require.Equal(t, "trouble", entry.Msg)
	require.Equal(t, 3, entry.N)
}
