// topdemo starts the whole network on this machine and lets it work. See `topdemo help`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/topnetwork/top/testutil/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	program, err := os.Executable()
	if err == nil {
		d := demo.Demo{Bin: filepath.Dir(program), Keep: os.Getenv("KEEP") == "1", Stdout: os.Stdout, Stderr: os.Stderr}
		err = d.Run(ctx, os.Args[1:])
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted, and what was started has ended (%w)", err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "topdemo:", err)
		stop()
		os.Exit(1)
	}
}
