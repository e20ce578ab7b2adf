// Topuser is a messenger user that a program drives by JSON lines (see examples/user).
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/topnetwork/top/examples/user"
)

func main() {
	var cfg user.Config
	var mnemonicFile string
	cfg.SDK.Flags(flag.CommandLine)
	flag.StringVar(&mnemonicFile, "mnemonic-file", "", "file with the paying account's mnemonic; default: one made in home")
	flag.Uint64Var(&cfg.Credit, "credit", 1_000_000, "utop of credit to ensure at the start, 0 for none")
	flag.IntVar(&cfg.SDK.Homes, "homes", 2, "providers that keep the mailbox")
	flag.DurationVar(&cfg.SDK.VoucherPeriod, "voucher-period", 0, "how long usage stays without a voucher (default 10s)")
	flag.BoolVar(&cfg.LiveBill, "live-bill", false, "write a bill event after every change")
	flag.Parse()
	cfg.SDK.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(cfg, mnemonicFile); err != nil {
		fmt.Fprintln(os.Stderr, "topuser:", err)
		os.Exit(1)
	}
}

func run(cfg user.Config, mnemonicFile string) error {
	if mnemonicFile != "" {
		raw, err := os.ReadFile(mnemonicFile)
		if err != nil {
			return err
		}
		cfg.SDK.Mnemonic = strings.TrimSpace(string(raw))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return user.Run(ctx, cfg, os.Stdin, os.Stdout)
}
