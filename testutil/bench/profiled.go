package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

const (
	// talkProfiles of the provider are taken, each over talkSpells at saturation: a profile has a hundred samples per second of CPU time at best, and a few in a hundred of them are metering.
	talkProfiles = 3
	talkSpells   = 3
)

// profiled is a life of the provider at saturation, with a profile of its CPU time.
type profiled struct {
	attribution
	spells []saturated
	// all spells together.
	all saturated
	// cost of metering per message in nanoseconds of CPU time, charges included.
	cost float64
}

// overhead of metering, in percent of what a message costs without.
func (r profiled) overhead() float64 { return 100 * r.cost / (r.all.perMessage() - r.cost) }

// profiles takes all profiles and answers them by their overhead, the least first. A charge costs so many nanoseconds.
func (s *scene) profiles(ctx context.Context, t *talk, charge float64) (profiles []profiled, err error) {
	for i := range talkProfiles {
		r, err := s.profile(ctx, t, filepath.Join(s.cfg.Dir, fmt.Sprintf("provider-%d.pprof", i)), charge)
		if err != nil {
			return nil, fmt.Errorf("saturation with a profile: %w", err)
		}
		s.logf("provider's CPU per message %.0fus, metering %.0fus of it: %.1f %%, by %d of %d samples", r.all.perMessage()/1000, r.cost/1000, r.overhead(), r.metering, r.samples)
		profiles = append(profiles, r)
	}
	slices.SortFunc(profiles, func(a, b profiled) int { return cmp.Compare(a.overhead(), b.overhead()) })
	provider := s.Providers[0]
	if _, err := s.Restart(provider.Name); err != nil {
		return nil, err
	}
	return profiles, s.ProviderReady(ctx, provider)
}

// profile starts the provider anew with a profile and ends it. The profile covers all of its life, which is longer than the spells: what is metering between them, a session per user and epoch and
// their claims, counts as the messages'.
func (s *scene) profile(ctx context.Context, t *talk, path string, charge float64) (r profiled, err error) {
	provider := s.Providers[0]
	if err := s.Process(provider.Name).Stop(nodeGrace); err != nil {
		return r, err
	}
	proc, err := s.RestartWith(provider.Name, "", "--cpu-profile", path)
	if err != nil {
		return r, err
	}
	if err := s.ProviderReady(ctx, provider); err != nil {
		return r, err
	}
	for range talkSpells {
		spell, err := s.saturate(ctx, t)
		if err != nil {
			return r, err
		}
		r.spells = append(r.spells, spell)
		r.all = saturated{messages: r.all.messages + spell.messages, lasted: r.all.lasted + spell.lasted, cpu: r.all.cpu + spell.cpu}
	}
	life, err := cpuOf(proc)
	if err != nil {
		return r, err
	}
	if err := errors.Join(proc.Stop(nodeGrace), proc.Err()); err != nil {
		return r, err
	}
	p, err := readProfile(path)
	if err != nil {
		return r, err
	}
	if r.attribution = attribute(p); r.metering == 0 {
		return r, fmt.Errorf("%s has %d samples and none of metering", path, r.samples)
	}
	r.cost = r.share()*float64(life.Nanoseconds())/float64(r.all.messages) + charge
	if r.cost >= r.all.perMessage() {
		return r, fmt.Errorf("the provider used %.0f ns per message, metering %.0f", r.all.perMessage(), r.cost)
	}
	return r, nil
}

// meteringOverhead is the median of the profiles.
func meteringOverhead(profiles []profiled, charge float64, where map[string]any) Result {
	median := profiles[len(profiles)/2]
	percent := func(n int64) float64 { return 100 * float64(n) / float64(median.samples) }
	return newResult("message.metering_overhead_pct", median.overhead(), "%", with(where, map[string]any{
		"profiles": len(profiles), "spells": talkSpells, "least": profiles[0].overhead(), "most": profiles[len(profiles)-1].overhead(), "messages": median.all.messages,
		"provider_us_per_message": median.all.perMessage() / 1000, "metering_us_per_message": median.cost / 1000, "charge_us": charge / 1000,
		"samples": median.samples, "metering_samples": median.metering, "sending_pct": percent(median.sending), "no_cause_pct": percent(median.samples - median.metering - median.sending - median.other),
		"most_metering": median.most(5),
		"what": "metering cannot be switched off: of the provider's CPU time per message at saturation, the samples of a profile with the session's or the voucher's code on their stack, except in charges; the same part of what shows no cause (scheduler, collector, the transport's reading); " +
			"of the transport's writing, metering's part of the frames; and a charge's own CPU time (Sessions.Charge against the same synced write alone, in this process); in percent of the CPU time that is left, the median of the profiles; " +
			"writing vouchers to the disk in the database's own threads is not counted",
	})).atMost(10)
}
