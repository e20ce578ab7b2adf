package play

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
)

const (
	// checkEvery so many blocks of the main chain.
	checkEvery = 10
	// lookEvery is how often the watch looks.
	lookEvery = time.Second
	// leastSamples of a process before its growth means anything: caches fill first.
	leastSamples = 120
	// Bounds of growth from the second quarter of the time to the last. Memory is what a process has of its own: pages of its program's file come in as they are first run, and are bounded by the file.
	memoryGrowth, memorySlackMiB = 1.1, 24
	filesGrowth, filesSlack      = 1.3, 24
)

// Resource is how much of something a process held: medians of the second and of the last quarter of its life.
type Resource struct {
	Process  string  `json:"process"`
	Samples  int     `json:"samples"`
	EarlyMiB float64 `json:"rss_mib_early"`
	LateMiB  float64 `json:"rss_mib_late"`
	// Anonymous memory: what is not pages of a file.
	EarlyOwnMiB float64 `json:"anon_mib_early"`
	LateOwnMiB  float64 `json:"anon_mib_late"`
	EarlyFiles  int     `json:"files_early"`
	LateFiles   int     `json:"files_late"`
}

type sample struct {
	// mib resident, and own of them.
	mib, own float64
	files    int
}

// life of a process: systems give a pid again.
type life struct {
	process string
	pid     int
}

// watch checks invariants and samples resources.
type watch struct {
	*stage
	next    int64
	checks  int
	samples map[life][]sample
}

func newWatch(s *stage) *watch {
	return &watch{stage: s, samples: map[life][]sample{}}
}

func (w *watch) step(ctx context.Context) error {
	w.sample()
	defer wait(ctx, lookEvery)
	// A node that is paused answers nothing; that is no broken invariant.
	height, err := w.Network.Main.REST().LatestHeight(ctx)
	if err != nil || height < w.next {
		return nil
	}
	for _, m := range []struct {
		chain *localnet.Chain
		path  string
	}{{w.Network.Main, "/top/billing/v1/invariants"}, {w.Network.Main, "/top/services/v1/invariants"}, {w.Network.Main, "/top/issuance/v1/invariants"}, {w.Network.Service, "/top/usage/v1/invariants"}} {
		var answer struct {
			OK     bool   `json:"ok"`
			Broken string `json:"broken"`
		}
		if err := m.chain.REST().Get(ctx, m.path, &answer); err != nil {
			return nil
		}
		if !answer.OK {
			return fmt.Errorf("invariant of %s%s: %s", m.chain.ID, m.path, answer.Broken)
		}
	}
	w.checks++
	w.next = height + checkEvery
	return nil
}

// sample every process that runs.
func (w *watch) sample() {
	for _, p := range w.Network.Processes("") {
		pid := p.Pid()
		at, err := residentMiB(pid)
		files, err2 := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if errors.Join(err, err2) != nil {
			continue // it ended meanwhile
		}
		of := life{p.Spec.Name, pid}
		at.files = len(files)
		w.samples[of] = append(w.samples[of], at)
	}
}

// residentMiB reads VmRSS and RssAnon of /proc/PID/status (proc(5)).
func residentMiB(pid int) (at sample, err error) {
	bz, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return at, err
	}
	for line := range strings.Lines(string(bz)) {
		name, rest, _ := strings.Cut(line, ":")
		to := map[string]*float64{"VmRSS": &at.mib, "RssAnon": &at.own}[name]
		if to == nil {
			continue
		}
		kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			return at, err
		}
		*to = float64(kib) / 1024
	}
	if at.own == 0 {
		return at, fmt.Errorf("no RssAnon of %d", pid)
	}
	return at, nil
}

// resources of every process that lived long enough.
func (w *watch) resources() []Resource {
	var out []Resource
	for of, list := range w.samples {
		n := len(list)
		if n < leastSamples {
			continue
		}
		early, late := median(list[n/4:n/2]), median(list[n-n/4:])
		out = append(out, Resource{Process: of.process, Samples: n, EarlyMiB: early.mib, LateMiB: late.mib, EarlyOwnMiB: early.own, LateOwnMiB: late.own, EarlyFiles: early.files, LateFiles: late.files})
	}
	slices.SortFunc(out, func(a, b Resource) int { return strings.Compare(a.Process, b.Process) })
	return out
}

func median(list []sample) sample {
	of := func(field func(sample) float64) float64 {
		values := make([]float64, len(list))
		for i, s := range list {
			values[i] = field(s)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return sample{
		mib: of(func(s sample) float64 { return s.mib }), own: of(func(s sample) float64 { return s.own }), files: int(of(func(s sample) float64 { return float64(s.files) })),
	}
}

// flat fails when a process grew.
func flat(list []Resource) error {
	var grown []error
	for _, r := range list {
		if r.LateOwnMiB > r.EarlyOwnMiB*memoryGrowth+memorySlackMiB {
			grown = append(grown, fmt.Errorf("%s grew from %.0f to %.0f MiB", r.Process, r.EarlyOwnMiB, r.LateOwnMiB))
		}
		if float64(r.LateFiles) > float64(r.EarlyFiles)*filesGrowth+filesSlack {
			grown = append(grown, fmt.Errorf("%s grew from %d to %d open files", r.Process, r.EarlyFiles, r.LateFiles))
		}
	}
	return errors.Join(grown...)
}
