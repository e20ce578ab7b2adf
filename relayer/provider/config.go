// Package provider is the relayer's provider role: it registers a node, serves clients, and claims what they owe.
package provider

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/host"
	"github.com/topnetwork/top/relayer/services"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// Config is the provider section of the relayer's config.yaml. Amounts in utop.
type Config struct {
	// Key names the account that registers, claims and is paid.
	Key string `yaml:"key"`
	// Identity is the file of the node's ed25519 key, made when missing.
	Identity string   `yaml:"identity"`
	Listen   []string `yaml:"listen"`
	Service  string   `yaml:"service"`
	// Prices by measure.
	Prices map[string]uint64 `yaml:"prices"`
	// Tick is what one tick pays, Float how much is served unpaid at most, Voucher how much without a voucher.
	Tick    uint64 `yaml:"tick"`
	Float   uint64 `yaml:"float"`
	Voucher uint64 `yaml:"voucher"`
	// Deposit that the provider registers itself with.
	Deposit uint64 `yaml:"deposit"`
	// Exposure is the most that is used and not claimed while the main chain does not answer; unset it is the deposit.
	Exposure *uint64 `yaml:"exposure"`
	// Data is the folder of mailboxes and vouchers.
	Data string `yaml:"data"`
	// Retention is how long an envelope waits for its recipient.
	Retention time.Duration `yaml:"retention"`
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	for _, setting := range []struct{ name, value, example string }{
		{"key", c.Key, "provider"}, {"identity", c.Identity, "identity.key"}, {"data", c.Data, "data"}, {"service", c.Service, "messaging"},
	} {
		if setting.value == "" {
			return fmt.Errorf("provider.%s is empty, e.g. %s", setting.name, setting.example)
		}
	}
	if len(c.Listen) == 0 {
		return fmt.Errorf("provider.listen is empty: give at least one multiaddr, such as /ip4/0.0.0.0/tcp/4001")
	}
	for _, address := range c.Listen {
		if err := host.CheckListen(address); err != nil {
			return fmt.Errorf("provider.listen %q: %w, such as /ip4/0.0.0.0/tcp/4001", address, err)
		}
	}
	if c.Retention < time.Hour {
		return fmt.Errorf("provider.retention is %v, less than 1h: messages would be lost", c.Retention)
	}
	service, err := c.service()
	if err != nil {
		return err
	}
	prices := c.prices()
	if len(prices) != len(service.Measures()) {
		return fmt.Errorf("provider.prices must price exactly %s", strings.Join(service.Measures(), ", "))
	}
	for i, m := range service.Measures() {
		if prices[i].Measure != m || prices[i].Utop == 0 {
			return fmt.Errorf("provider.prices must price exactly %s, each above 0", strings.Join(service.Measures(), ", "))
		}
		if prices[i].Utop > servicestypes.MaxDeposit {
			return fmt.Errorf("provider.prices: %d utop for %q, the main chain takes at most %d", prices[i].Utop, m, uint64(servicestypes.MaxDeposit))
		}
	}
	switch {
	case c.Tick == 0:
		return fmt.Errorf("provider.tick is 0")
	case c.Float < c.Tick:
		return fmt.Errorf("provider.float is below one tick")
	case c.Voucher < c.Tick:
		return fmt.Errorf("provider.voucher is below one tick")
	case c.Deposit == 0 || c.Deposit > servicestypes.MaxDeposit:
		return fmt.Errorf("provider.deposit is %d: the main chain registers providers from its min_provider_deposit (topchaind query services params) to %d utop", c.Deposit, uint64(servicestypes.MaxDeposit))
	}
	return nil
}

func (c Config) exposure() uint64 {
	if c.Exposure != nil {
		return *c.Exposure
	}
	return c.Deposit
}

func (c Config) service() (services.Service, error) {
	s, err := services.Find(c.Service)
	if err != nil {
		return nil, fmt.Errorf("provider.%w", err)
	}
	return s, nil
}

// prices sorted by measure, as offers and registrations want them.
func (c Config) prices() []*voucher.Price {
	var prices []*voucher.Price
	for measure, utop := range c.Prices {
		prices = append(prices, &voucher.Price{Measure: measure, Utop: utop})
	}
	slices.SortFunc(prices, func(a, b *voucher.Price) int { return strings.Compare(a.Measure, b.Measure) })
	return prices
}
