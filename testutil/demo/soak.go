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

	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// soakPace is the time between two messages of a user.
const soakPace = 500 * time.Millisecond

// soak takes SOAK, a duration, and SEED of the faults from the environment.
func (d Demo) soak(ctx context.Context) error {
	soak := play.Soak{Duration: 30 * time.Minute, Seed: 1}
	var err error
	if s := os.Getenv("SOAK"); s != "" {
		if soak.Duration, err = time.ParseDuration(s); err != nil || soak.Duration < time.Minute {
			return fmt.Errorf("SOAK=%q: want a duration of a minute or more, e.g. SOAK=30m", s)
		}
	}
	if s := os.Getenv("SEED"); s != "" {
		if soak.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return fmt.Errorf("SEED=%q: want a number", s)
		}
	}
	cfg := d.config(d.dir("soak"))
	cfg.Cuttable = true
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	result, err := play.RunSoak(ctx, n, soak, soakPace, cfg.Logf)
	if result != nil {
		err = errors.Join(err, json.NewEncoder(d.Stdout).Encode(result))
	}
	if err = errors.Join(err, n.Stop()); err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	return nil
}
