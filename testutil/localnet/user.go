package localnet

import (
	"path/filepath"
	"strconv"

	"github.com/topnetwork/top/node/process"
)

// StartUser runs a topuser for an account, with its standard input and output connected to the caller.
func (n *Network) StartUser(key Key, home string) (*process.Process, error) {
	rel, err := filepath.Rel(n.Dir, home)
	if err != nil {
		return nil, err
	}
	mnemonic, err := n.writeFile(filepath.Join(rel, "account.mnemonic"), key.Mnemonic+"\n")
	if err != nil {
		return nil, err
	}
	args := []string{"--home", home, "--main-grpc", n.Main.Nodes[0].GRPC, "--service-grpc", n.Service.Nodes[0].GRPC, "--mnemonic-file", mnemonic, "--live-bill"}
	if n.cfg.UserCredit > 0 {
		args = append(args, "--credit", strconv.FormatUint(n.cfg.UserCredit, 10))
	}
	return n.launch(key.Name, RoleUser, n.Service.ID, home, process.Spec{
		Path: filepath.Join(n.cfg.Bin, "topuser"), Pipe: true, Args: args,
	})
}
