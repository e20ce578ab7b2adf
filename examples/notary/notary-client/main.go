// Notary-client buys a stamp for each line of its input and prints the stamps as JSON lines.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/topnetwork/top/examples/notary"
	"github.com/topnetwork/top/sdk"
)

func main() {
	cfg := sdk.Config{Service: notary.Name}
	cfg.Flags(flag.CommandLine)
	account := flag.String("mnemonic-file", "", "account that pays; by default one made in -home")
	credit := flag.Uint64("credit", 100_000, "credit on the service chain in utop")
	flag.Parse()
	if err := run(context.Background(), cfg, *account, *credit); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, cfg sdk.Config, account string, credit uint64) error {
	if account != "" {
		raw, err := os.ReadFile(account)
		if err != nil {
			return fmt.Errorf("-mnemonic-file: %w", err)
		}
		cfg.Mnemonic = strings.TrimSpace(string(raw))
	}
	client, err := sdk.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if err := client.EnsureCredit(ctx, credit); err != nil {
		return err
	}
	providers, err := client.Providers(ctx)
	if err != nil {
		return err
	}
	if len(providers) == 0 {
		return fmt.Errorf("nobody provides %s on this chain", notary.Name)
	}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		hash := sha256.Sum256(lines.Bytes())
		stamp, err := notary.Stamp(ctx, client, providers[0], hash)
		if err != nil {
			return err
		}
		err = out.Encode(map[string]any{
			"hash": hex.EncodeToString(hash[:]), "time": stamp.Time, "signature": hex.EncodeToString(stamp.Signature), "due_utop": client.Bill().Due,
		})
		if err != nil {
			return err
		}
	}
	return lines.Err()
}
