// Package finding is what simulations report: figures with the bound that each must keep.
package finding

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// Finding is one line of the output. It is broken when Value is above Bound.
type Finding struct {
	Name       string         `json:"name"`
	Value      float64        `json:"value"`
	Bound      float64        `json:"bound"`
	Conditions map[string]any `json:"conditions"`
}

// Broken tells whether the bound does not hold; a value that is no number holds nothing.
func (f Finding) Broken() bool { return !(f.Value <= f.Bound) }

// Write prints the finding for a program and for a person. JSON has no NaN: such a value is an error, not a line.
func (f Finding) Write(lines, table io.Writer) error {
	if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) || math.IsNaN(f.Bound) || math.IsInf(f.Bound, 0) {
		return fmt.Errorf("%s: value %v, bound %v; the simulation was too short or is wrong", f.Name, f.Value, f.Bound)
	}
	if err := json.NewEncoder(lines).Encode(f); err != nil {
		return err
	}
	verdict := "holds"
	if f.Broken() {
		verdict = "BROKEN"
	}
	_, err := fmt.Fprintf(table, "%-34s %12.6g  <= %12.6g  %s\n", f.Name, f.Value, f.Bound, verdict)
	return err
}
