// Package bench measures what the network costs and how fast it is: the pure rules in this process, everything else in networks of real processes.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// Result is one line of the output. Ratio is value / baseline value.
type Result struct {
	Name          string         `json:"name"`
	Value         float64        `json:"value"`
	Unit          string         `json:"unit"`
	Baseline      *string        `json:"baseline"`
	BaselineValue *float64       `json:"baseline_value"`
	Ratio         *float64       `json:"ratio"`
	Conditions    map[string]any `json:"conditions"`
}

func newResult(name string, value float64, unit string, conditions map[string]any) Result {
	c := map[string]any{"cores": runtime.NumCPU(), "go": runtime.Version(), "arch": runtime.GOARCH}
	for k, v := range conditions {
		c[k] = v
	}
	return Result{Name: name, Value: value, Unit: unit, Conditions: c}
}

// against names what the value is to be compared with. Nothing to compare with, 0, leaves the result as it is.
func (r Result) against(name string, value float64) Result {
	if value == 0 {
		return r
	}
	ratio := r.Value / value
	r.Baseline, r.BaselineValue, r.Ratio = &name, &value, &ratio
	return r
}

// newRatio of a figure to one of the same unit in the same run.
func newRatio(name string, value float64, baseline string, baselineValue float64, conditions map[string]any) Result {
	r := newResult(name, value/baselineValue, "ratio", conditions)
	r.Baseline, r.BaselineValue, r.Ratio = &baseline, &baselineValue, &r.Value
	return r
}

// atLeast and atMost hold a value against the project's bar for it; a miss is told in the conditions and by Missed.
func (r Result) atLeast(bar float64) Result { return r.bar(">=", bar, r.Value >= bar) }

func (r Result) atMost(bar float64) Result { return r.bar("<=", bar, r.Value <= bar) }

func (r Result) bar(sign string, bar float64, met bool) Result {
	r.Conditions["bar"], r.Conditions["bar_met"] = fmt.Sprintf("%s %g", sign, bar), met
	return r
}

// Missed lists results that are not what their bars ask.
func Missed(results []Result) (names []string) {
	for _, r := range results {
		if met, barred := r.Conditions["bar_met"].(bool); barred && !met {
			names = append(names, fmt.Sprintf("%s is %g %s, want %s", r.Name, r.Value, r.Unit, r.Conditions["bar"]))
		}
	}
	return names
}

// Write prints results as JSON lines.
func Write(w io.Writer, results ...Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
