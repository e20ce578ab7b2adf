package books

import (
	"bytes"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	servicestypes "github.com/topnetwork/top/x/services/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
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
	// Stored is what the followed chain's stores have, by key.
	Stored map[string][]byte
}

// proven passes for the proof of whatever is stored.
var proven = []byte("it is in the store")

// CheckClient refuses a client that is not known or follows another chain.
func (c *Clients) CheckClient(_ sdk.Context, clientID, chainID string) error {
	if c.Known[clientID] != chainID {
		return fmt.Errorf("client %s follows %q, not %s", clientID, c.Known[clientID], chainID)
	}
	return nil
}

// LatestHeight is the same for every client.
func (c *Clients) LatestHeight(sdk.Context, string) (int64, error) { return c.Height, nil }

// VerifyStored takes what is stored, with the proof that passes for one, at a height that is known.
func (c *Clients) VerifyStored(_ sdk.Context, clientID string, height uint64, store string, key, value, proof []byte) error {
	if c.Known[clientID] == "" || height > uint64(c.Height) || store != sortitiontypes.StoreKey || !bytes.Equal(c.Stored[string(key)], value) || !bytes.Equal(proof, proven) {
		return fmt.Errorf("client %s at %d: not proven to be in store %s", clientID, height, store)
	}
	return nil
}
