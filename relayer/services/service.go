// Package services is what a kind of service must be to run in a provider. Each kind is one package below this one, and
// knows neither the others nor the role that runs it.
package services

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/relayer/metering"
)

// Service is one kind of service.
type Service interface {
	// Name is the service type in x/services.
	Name() string
	// Measures that it charges, sorted, as in x/services.
	Measures() []string
	// Serve answers clients until ctx ends. It charges through env.Sessions before it does any work.
	Serve(ctx context.Context, env Env) error
}

// Env is what a provider gives to its service.
type Env struct {
	Host     host.Host
	Sessions *metering.Sessions
	// DB is shared with the sessions, so that usage and what was done for it are one write. A service's keys begin with
	// Prefix(name).
	DB        *pebble.DB
	Retention time.Duration
	Log       *slog.Logger
	Registry  prometheus.Registerer
	Now       func() time.Time
	Entropy   io.Reader
}

// Prefix of a service's keys in the provider's database.
func Prefix(name string) []byte { return append([]byte{'v'}, name+"/"...) }
