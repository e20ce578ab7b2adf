package daemon

import (
	"fmt"
	"os"
	"strings"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
)

// Main runs a daemon and returns its exit code.
func Main(c Chain) int {
	root, err := c.Root()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := svrcmd.Execute(root, strings.ToUpper(c.Name), c.Home()); err != nil {
		fmt.Fprintln(root.ErrOrStderr(), "Error:", err)
		return 1
	}
	return 0
}
