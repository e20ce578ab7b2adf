// topsim simulates what cannot be watched on a network: questions of chance over very many epochs, and more shards than a machine can run. See `topsim help`.
package main

import (
	"fmt"
	"os"

	"github.com/topnetwork/top/sim"
)

func main() {
	if err := sim.Run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "topsim:", err)
		os.Exit(1)
	}
}
