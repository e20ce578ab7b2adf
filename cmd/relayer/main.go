// relayer runs everything off chain: it carries IBC packets and serves clients.
package main

import (
	"os"

	"github.com/topnetwork/top/relayer/cli"
)

func main() { os.Exit(cli.Main()) }
