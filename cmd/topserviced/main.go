// topserviced is the node of a service chain.
package main

import (
	"os"

	"github.com/topnetwork/top/app/servicechain/cli"
)

func main() { os.Exit(cli.Main()) }
