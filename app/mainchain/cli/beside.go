package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/node/hosting"
	"github.com/topnetwork/top/node/sortition"
)

// beside the node of the main chain its proofs and seals are published, and the shards run that its operator is assigned to.
func beside(ctx context.Context, node daemon.Node) error {
	keys, err := sortition.LoadKeys(node.Home)
	if errors.Is(err, fs.ErrNotExist) {
		node.Logger.Info("this node has no keys to publish proofs by, and hosts no shards; `topchaind node-keys` makes them")
		return nil
	}
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return sortition.NewPublisher(node.Client, keys, node.ChainID, node.Logger.With("module", "sortition")).Run(ctx)
	})
	if node.App.Shards.Enable {
		group.Go(func() error { return host(ctx, node, keys) })
	}
	return group.Wait()
}

// host the operator's shards.
func host(ctx context.Context, node daemon.Node, keys sortition.Keys) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("this program's file, which shards' nodes run by: %w", err)
	}
	h := hosting.New(hosting.Config{
		Program: program, Prefix: strings.ToUpper(mainchain.Name) + "_", Home: node.Home, ChainID: node.ChainID, Client: node.Client, Comet: node.Comet, App: node.App, Keys: keys,
		Origin: hosting.Heirs{Founded: hosting.Folder(hosting.GenesisFolder(node.Home, node.App.Shards)), Main: node.Client}, Logger: node.Logger.With("module", "shards"),
	})
	if err := h.Offer(prometheus.DefaultRegisterer); err != nil {
		node.Logger.Error("figures of the shards are not offered to Prometheus", "error", err)
	}
	return h.Run(ctx)
}
