package network

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// MeasuredFile names Measured in the repository: the lines that docs/benchmarks/network-model.md is of.
const MeasuredFile = "sim/network/measured.jsonl"

// Measured lines of a run.
//
//go:embed measured.jsonl
var Measured []byte

// Line of a benchmark's output, as `make bench` prints it, and of this simulation's.
type Line struct {
	Name          string         `json:"name"`
	Value         float64        `json:"value"`
	Unit          string         `json:"unit"`
	Baseline      *string        `json:"baseline"`
	BaselineValue *float64       `json:"baseline_value"`
	Ratio         *float64       `json:"ratio"`
	Conditions    map[string]any `json:"conditions"`
}

// ErrNoLine says that the output of a benchmark has no line of a name.
var ErrNoLine = errors.New("no such line in the output of the benchmark")

// Lines by name; the last one of a name counts.
type Lines map[string]Line

// ReadLines of one or more runs of a benchmark, one after the other.
func ReadLines(r io.Reader) (Lines, error) {
	lines, number := Lines{}, 0
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		number++
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var l Line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("line %d is no JSON: %w; want what `make bench` prints on stdout", number, err)
		}
		if l.Name == "" || math.IsNaN(l.Value) || l.Value < 0 {
			return nil, fmt.Errorf("line %d: name %q, value %g; want a name and a value of 0 or more", number, l.Name, l.Value)
		}
		lines[l.Name] = l
	}
	return lines, scanner.Err()
}

// need a line, with a value above 0.
func (l Lines) need(name string) (float64, error) {
	line, ok := l[name]
	if !ok {
		return 0, fmt.Errorf("%w: %s; run `make bench` so that it is measured (ONLY=%s) and give its output", ErrNoLine, name, group(name))
	}
	if line.Value <= 0 {
		return 0, fmt.Errorf("%s is %g, want more than 0: that run of the benchmark went wrong", name, line.Value)
	}
	return line.Value, nil
}

// or is a line's value, or another where there is none. What was not measured is remembered.
func (l Lines) or(name string, otherwise float64, missing *[]Fallback) float64 {
	if line, ok := l[name]; ok && line.Value > 0 {
		return line.Value
	}
	*missing = append(*missing, Fallback{Name: name, Value: otherwise})
	return otherwise
}

// condition of a line that is a number.
func (l Lines) condition(name, key string) (float64, bool) {
	v, ok := l[name].Conditions[key].(float64)
	return v, ok && v > 0
}

// group of a line's name: what ONLY takes.
func group(name string) string {
	for i := len(name) - 1; i > 0; i-- {
		if name[i] == '.' {
			return name[:i]
		}
	}
	return name
}
