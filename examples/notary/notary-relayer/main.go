// Notary-relayer is a relayer that provides the notary service: all there is to a program for a type of one's own.
package main

import (
	"os"

	"github.com/topnetwork/top/examples/notary"
	"github.com/topnetwork/top/relayer/cli"
	"github.com/topnetwork/top/relayer/services"
)

func main() {
	services.Register(notary.Service{})
	os.Exit(cli.Main())
}
