package sdk

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/messaging"
)

const settingHomes = "homes"

// Messenger sends and receives end-to-end encrypted messages.
type Messenger struct {
	c       *Client
	contact *messaging.Contact

	mu     sync.Mutex
	queues map[string]*queue
	// inbox is what the app has not taken yet, as on disk; arrived is closed and replaced when something new is in it.
	inbox     []arrival
	arrived   chan struct{}
	receiving bool
}

// Messenger starts the client's messenger: it chooses home providers at the first start, publishes prekeys there, and
// goes on with letters that an earlier run left.
func (c *Client) Messenger(ctx context.Context) (*Messenger, error) {
	m := &Messenger{c: c, queues: map[string]*queue{}, arrived: make(chan struct{})}
	homes, err := c.homes(ctx)
	if err != nil {
		return nil, err
	}
	m.contact = &messaging.Contact{Identity: c.identity.Public().(ed25519.PublicKey), Providers: homes}
	if err := m.contact.Validate(); err != nil {
		return nil, err
	}
	if err := m.load(); err != nil {
		return nil, err
	}
	if err := m.publishFirst(ctx); err != nil {
		return nil, err
	}
	return m, m.resume()
}

// Contact is how others reach this client; pass it on.
func (m *Messenger) Contact() string { return m.contact.Text() }

// homes answers the providers that keep the mailbox, chosen at random once.
func (c *Client) homes(ctx context.Context) ([][]byte, error) {
	var homes [][]byte
	if found, err := c.store.get(kindSetting, []byte(settingHomes), &homes); found || err != nil {
		return homes, err
	}
	list, err := c.dir.all(ctx, directoryAge)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no active provider is registered on %s", c.ledger.ChainID())
	}
	list = slices.Clone(list)
	for range min(c.cfg.Homes, messaging.MaxHomes, len(list)) {
		i, err := rand.Int(entropy, big.NewInt(int64(len(list))))
		if err != nil {
			return nil, err
		}
		homes = append(homes, list[i.Int64()].Key)
		list = slices.Delete(list, int(i.Int64()), int(i.Int64())+1)
	}
	return homes, c.store.change().set(kindSetting, []byte(settingHomes), homes).commit()
}

// publishFirst makes sure that at least one home has prekeys before the contact is given away; the others follow when
// they can be reached.
func (m *Messenger) publishFirst(ctx context.Context) error {
	var failures []error
	for _, home := range m.contact.Providers {
		if err := m.maintain(ctx, home); err != nil {
			failures = append(failures, err)
			m.c.cfg.Log.Warn("publish prekeys", "err", err)
		}
	}
	if len(failures) == len(m.contact.Providers) && !m.published() {
		return fmt.Errorf("publish prekeys: %w", errors.Join(failures...))
	}
	return nil
}

// retryDelay grows from a tenth of a second to five.
func retryDelay(failures int) time.Duration {
	return min(100*time.Millisecond<<min(failures, 6), 5*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
