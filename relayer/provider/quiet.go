package provider

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
)

type ed25519Public = ed25519.PublicKey

func signer(key ed25519.PrivateKey) func([]byte) []byte {
	return func(message []byte) []byte { return ed25519.Sign(key, message) }
}

// quiet passes on what Pebble reports as errors and drops its running commentary.
type quiet struct{ log *slog.Logger }

func (q quiet) Infof(string, ...any) {}

func (q quiet) Errorf(format string, args ...any) {
	q.log.Error("database", "err", fmt.Sprintf(format, args...))
}

func (q quiet) Fatalf(format string, args ...any) {
	q.log.Error("database cannot go on", "err", fmt.Sprintf(format, args...))
	// A database that cannot write must not go on answering "stored".
	os.Exit(1)
}
