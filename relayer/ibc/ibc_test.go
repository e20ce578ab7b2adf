package ibc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

func TestPauseGrowsWhileRoundsFail(t *testing.T) {
	poll := time.Second
	pause := poll
	for _, want := range []time.Duration{2, 4, 8, 10, 10} {
		pause = nextPause(pause, poll, false)
		require.Equal(t, want*time.Second, pause)
	}
	require.Equal(t, poll, nextPause(pause, poll, true))
	require.Equal(t, time.Minute, nextPause(time.Minute, time.Minute, false), "a pause is never shorter than a round's")
}

func TestPacketTimesOutWithTheSecondItNames(t *testing.T) {
	packet := channeltypesv2.Packet{TimeoutTimestamp: 1_000}
	require.False(t, timedOut(packet, time.Unix(999, 999_999_999)))
	require.True(t, timedOut(packet, time.Unix(1_000, 0)))
}

func TestConfigIsHeldAgainstItsBounds(t *testing.T) {
	good := Config{Key: "relayer", Poll: time.Second, Refresh: 10 * time.Second}
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(*Config){
		"ibc.key":     func(c *Config) { c.Key = "" },
		"ibc.poll":    func(c *Config) { c.Poll = time.Millisecond },
		"ibc.refresh": func(c *Config) { c.Refresh = 2 * time.Hour },
	} {
		c := good
		change(&c)
		require.ErrorContains(t, c.Validate(), name)
	}
}

// A client is renewed long before it expires, whatever the configuration says.
func TestClientIsRefreshedBeforeItExpires(t *testing.T) {
	const trusting = 14 * 24 * time.Hour
	require.False(t, refreshDue(trusting/3-time.Second, trusting, 0))
	require.True(t, refreshDue(trusting/3, trusting, 0))
	require.True(t, refreshDue(5*time.Second, trusting, 5*time.Second))
	require.False(t, refreshDue(4*time.Second, trusting, 5*time.Second))
	require.True(t, refreshDue(time.Minute, 2*time.Minute, time.Hour), "the bound cannot make it later")
}
