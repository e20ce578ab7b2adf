package books

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

var (
	_ servicestypes.ClientKeeper = (*Clients)(nil)
	_ usagetypes.ClientKeeper    = (*Clients)(nil)
)

// Clients stand for a chain's light clients.
type Clients struct {
	// Known leads from a client to the chain that it follows.
	Known map[string]string
	// Height of the followed chain.
	Height int64
}

// CheckClient refuses a client that is not known or follows another chain.
func (c *Clients) CheckClient(_ sdk.Context, clientID, chainID string) error {
	if c.Known[clientID] != chainID {
		return fmt.Errorf("client %s follows %q, not %s", clientID, c.Known[clientID], chainID)
	}
	return nil
}

// LatestHeight is the same for every client.
func (c *Clients) LatestHeight(sdk.Context, string) (int64, error) { return c.Height, nil }
