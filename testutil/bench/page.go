package bench

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Page tells the results of a run as a page of documentation.
func Page(results []Result, commit string, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n`make bench`, %s, commit %s, %s on %d cores (%s) that others share. The command writes this page where `REPORT` names it; every figure is of one run, and ratios are within it.\n\n",
		at.UTC().Format(time.DateOnly), commit, runtime.Version(), runtime.NumCPU(), runtime.GOARCH)
	b.WriteString("| name | value | bar | against | ratio |\n|---|---|---|---|---|\n")
	for _, r := range results {
		bar, against, ratio := "", "", ""
		if asked, ok := r.Conditions["bar"].(string); ok {
			bar = asked
			if r.Conditions["bar_met"] != true {
				bar += " missed"
			}
		}
		if r.Baseline != nil {
			against, ratio = fmt.Sprintf("%s %s", digits(*r.BaselineValue), *r.Baseline), digits(*r.Ratio)
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s | %s |\n", r.Name, digits(r.Value), r.Unit, bar, against, ratio)
	}
	b.WriteString("\n## Conditions\n")
	for _, r := range results {
		fmt.Fprintf(&b, "- **%s**", r.Name)
		sep := ": "
		if what, ok := r.Conditions["what"].(string); ok {
			b.WriteString(sep + what)
			sep = "; "
		}
		for _, key := range conditionsOf(r) {
			value := r.Conditions[key]
			if v, ok := value.(float64); ok {
				value = digits(v)
			}
			fmt.Fprintf(&b, "%s%s %v", sep, key, value)
			sep = ", "
		}
		b.WriteString("\n")
	}
	return b.String()
}

// conditionsOf a result that are not said elsewhere on the page.
func conditionsOf(r Result) (keys []string) {
	for key := range r.Conditions {
		if !slices.Contains([]string{"what", "bar", "bar_met", "go", "cores", "arch"}, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// digits rounds to four that count; there are no more in a measurement.
func digits(v float64) string {
	if v == 0 || math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
