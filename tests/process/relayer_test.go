//go:build process

package process

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
)

// lightClients of a chain.
func lightClients(t *testing.T, c *localnet.Chain) []string {
	t.Helper()
	type state struct {
		ID string `json:"client_id"`
	}
	states, err := localnet.All[state](t.Context(), c.REST(), "/ibc/core/client/v1/client_states", "client_states")
	require.NoError(t, err)
	var ids []string
	for _, s := range states {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestLinkAgainChangesNothing(t *testing.T) {
	main, service := lightClients(t, net.Main), lightClients(t, net.Service)
	again, err := net.Link(t.Context())
	require.NoError(t, err)
	require.Equal(t, net.Clients, again)
	require.Equal(t, main, lightClients(t, net.Main))
	require.Equal(t, service, lightClients(t, net.Service))
}

// The relayer was killed with SIGKILL when there was something to settle, and a provider in the middle of a conversation.
func TestKilledRelayerAndProviderLoseNothing(t *testing.T) {
	require.Equal(t, messages, played.MessagesSent)
	require.Equal(t, messages, played.MessagesDelivered)
	require.NotZero(t, played.Claimed)
	require.Equal(t, played.Claimed-played.Fees, played.Paid)
	require.True(t, played.InvariantsOK)
	for _, name := range []string{localnet.RelayerName, net.Providers[0].Name} {
		require.True(t, net.Process(name).Running(), name)
	}
}
