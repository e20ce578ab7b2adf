package network

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// World is where hosts are: one-way delays between regions, in milliseconds, and how much longer a message may take.
type World struct {
	Name    string
	Regions []string
	// OneWay delays from region to region; within one on the diagonal.
	OneWay [][]float64
	// Jitter is the mean of what a message takes longer, as a part of its delay: exponential, so that no message is faster than its link.
	Jitter float64
}

// worlds that the flag knows. Delays are halves of round trips between data centres of public clouds, rounded.
var worlds = []World{
	{Name: "loopback", Regions: []string{"here"}, OneWay: [][]float64{{0.03}}, Jitter: 0.5},
	{Name: "region", Regions: []string{"zone-a", "zone-b", "zone-c"}, OneWay: [][]float64{{0.15, 0.5, 0.5}, {0.5, 0.15, 0.5}, {0.5, 0.5, 0.15}}, Jitter: 0.2},
	{Name: "continent", Regions: []string{"Frankfurt", "Dublin", "Stockholm", "Milan"}, OneWay: [][]float64{{0.5, 12, 11, 5}, {12, 0.5, 20, 17}, {11, 20, 0.5, 16}, {5, 17, 16, 0.5}}, Jitter: 0.05},
	{Name: "world", Regions: []string{"Virginia", "Oregon", "Frankfurt", "Singapore", "Tokyo"}, OneWay: [][]float64{
		{0.5, 32, 45, 108, 74},
		{32, 0.5, 72, 82, 49},
		{45, 72, 0.5, 80, 112},
		{108, 82, 80, 0.5, 35},
		{74, 49, 112, 35, 0.5},
	}, Jitter: 0.05},
}

// WorldNamed is one of those that are known.
func WorldNamed(name string) (World, error) {
	var names []string
	for _, w := range worlds {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return World{}, fmt.Errorf("unknown world %q; there are %s", name, strings.Join(names, ", "))
}

// Scaled so that the mean delay between two regions is that many milliseconds.
func (w World) Scaled(mean float64) World {
	factor := mean / w.Mean()
	w.OneWay = slices.Clone(w.OneWay)
	for i, row := range w.OneWay {
		w.OneWay[i] = slices.Clone(row)
		for j := range row {
			w.OneWay[i][j] *= factor
		}
	}
	return w
}

// Mean one-way delay in milliseconds between hosts that are spread evenly over the regions.
func (w World) Mean() (mean float64) {
	for _, row := range w.OneWay {
		for _, ms := range row {
			mean += ms
		}
	}
	return mean / float64(len(w.Regions)*len(w.Regions))
}

// quorumDelay in milliseconds: within it two thirds of hosts, spread evenly, hear of one, at the mean over where it is.
func (w World) quorumDelay() (mean float64) {
	for _, row := range w.OneWay {
		sorted := slices.Sorted(slices.Values(row))
		mean += sorted[(2*len(sorted)+2)/3-1]
	}
	return mean / float64(len(w.OneWay))
}

// delay of one message.
func (w World) delay(rng *rand.Rand, from, to int) moment {
	ms := w.OneWay[from][to]
	return moment(ms * (1 + w.Jitter*rng.ExpFloat64()) * float64(millisecond))
}
