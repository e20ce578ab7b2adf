package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/topnetwork/top/testutil/bench"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// soakPace is the time between two messages of a user.
const soakPace = 500 * time.Millisecond

// messagePrice in utop, at the providers' prices in local networks.
const messagePrice = 120

// soakOptions are SOAK, a duration, and SEED of the faults from the environment.
func soakOptions(standard time.Duration) (play.Soak, error) {
	soak := play.Soak{Duration: standard, Seed: 1}
	var err error
	if s := os.Getenv("SOAK"); s != "" {
		if soak.Duration, err = time.ParseDuration(s); err != nil || soak.Duration < time.Minute {
			return soak, fmt.Errorf("SOAK=%q: want a duration of a minute or more, e.g. SOAK=%s", s, standard)
		}
	}
	if s := os.Getenv("SEED"); s != "" {
		if soak.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return soak, fmt.Errorf("SEED=%q: want a number", s)
		}
	}
	return soak, nil
}

func (d Demo) soak(ctx context.Context) error {
	soak, err := soakOptions(30 * time.Minute)
	if err != nil {
		return err
	}
	cfg := d.config(d.dir("soak"))
	cfg.Cuttable, cfg.SmallCaches = true, true
	// Every message costs its sender and, for the notification, its recipient; as much again lies with providers that are not in use.
	cfg.UserCredit = uint64(soak.Duration/soakPace) * 4 * messagePrice
	return d.last(ctx, cfg, func(n *localnet.Network, logf func(format string, args ...any)) error {
		result, err := play.RunSoak(ctx, n, soak, soakPace, logf)
		if result != nil {
			err = errors.Join(err, json.NewEncoder(d.Stdout).Encode(result))
		}
		return err
	})
}

// soakCommittee writes its result as a page too, where REPORT names a file.
func (d Demo) soakCommittee(ctx context.Context) error {
	soak, err := soakOptions(20 * time.Minute)
	if err != nil {
		return err
	}
	cfg := play.CommitteeStage(d.config(d.dir("soak-committee")))
	cfg.TimeoutCommit = time.Second
	return d.last(ctx, cfg, func(n *localnet.Network, logf func(format string, args ...any)) error {
		result, err := play.RunCommittee(ctx, n, soak, logf)
		if result != nil {
			err = errors.Join(err, json.NewEncoder(d.Stdout).Encode(result))
		}
		if report := os.Getenv("REPORT"); err == nil && report != "" {
			err = os.WriteFile(report, []byte(result.Page(soak, time.Now())), 0o644)
		}
		return err
	})
}

// soakShard kills members of a shard.
func (d Demo) soakShard(ctx context.Context) error {
	soak := bench.ShardSoak{Kills: 200, Seed: 1}
	var err error
	if s := os.Getenv("KILLS"); s != "" {
		if soak.Kills, err = strconv.Atoi(s); err != nil || soak.Kills < 1 {
			return fmt.Errorf("KILLS=%q: want a number above 0", s)
		}
	}
	if s := os.Getenv("SEED"); s != "" {
		if soak.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return fmt.Errorf("SEED=%q: want a number", s)
		}
	}
	dir := d.dir("soak-shard")
	result, err := soak.Run(ctx, d.config(dir), dir)
	if result != nil {
		err = errors.Join(err, json.NewEncoder(d.Stdout).Encode(result))
	}
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(dir, "logs"))
	}
	return nil
}

// last starts a network, lets it be soaked and stops it.
func (d Demo) last(ctx context.Context, cfg localnet.Config, soak func(*localnet.Network, func(format string, args ...any)) error) error {
	n, err := localnet.Start(ctx, cfg)
	if err == nil {
		err = errors.Join(soak(n, cfg.Logf), n.Stop())
	}
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	return nil
}
