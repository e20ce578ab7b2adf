package process

import (
	"context"
	"fmt"
	"io"
)

// Run runs a program to its end and returns what it printed on stdout. Any end but exit code 0 is an error with the last lines of its log.
func Run(ctx context.Context, spec Spec) ([]byte, error) {
	spec.Pipe = true
	p, err := Start(spec)
	if err != nil {
		return nil, err
	}
	go func() {
		// A child that does not read its input is not wrong.
		_, _ = io.WriteString(p.Stdin, spec.Input)
		_ = p.Stdin.Close()
	}()
	defer p.Stdout.Close()
	stop := context.AfterFunc(ctx, func() { _ = p.Kill() })
	defer stop()
	out, err := io.ReadAll(p.Stdout)
	if err != nil {
		_ = p.Kill()
		return nil, fmt.Errorf("output of %s: %w", spec.Name, err)
	}
	if p.Err() != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", context.Cause(ctx), p.Exited())
		}
		return nil, p.Exited()
	}
	return out, nil
}
