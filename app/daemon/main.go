package daemon

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
)

// Main runs a daemon and returns its exit code.
func Main(c Chain) int {
	stopped := new(halt)
	c.halt = stopped.stop
	root, err := c.Root()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	err = c.execute(root)
	// A node that stopped itself ended in order; why is what its operator needs to read last.
	if reason := stopped.err(); reason != nil {
		err = reason
	}
	if err != nil {
		fmt.Fprintln(root.ErrOrStderr(), "Error:", err)
		return 1
	}
	return 0
}

func (c Chain) execute(root *cobra.Command) (err error) {
	defer func() {
		panicError(recover(), &err)
		err = plain(err)
	}()
	return svrcmd.Execute(root, strings.ToUpper(c.Name), c.Home())
}
