// relayer runs everything off chain: it carries IBC packets and serves clients.
package main

import (
	"os"

	"github.com/topnetwork/top/relayer/cli"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/relayer/services/messaging"
)

func main() {
	services.Register(messaging.New(messaging.DefaultCaps))
	os.Exit(cli.Main())
}
