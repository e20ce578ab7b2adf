// topchaind is the node of the main chain.
package main

import (
	"os"

	"github.com/topnetwork/top/app/mainchain/cli"
)

func main() { os.Exit(cli.Main()) }
