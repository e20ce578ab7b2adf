package bench

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// each runs f for 0 … n-1 on all cores and ends early after an error.
func each(n int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, runtime.GOMAXPROCS(0))
	var work sync.WaitGroup
	for worker := range errs {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				if errs[worker] = f(i); errs[worker] != nil {
					failed.Store(true)
					return
				}
			}
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

// together runs f for 0 … n-1, all at the same time.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() { errs[i] = f(i) })
	}
	work.Wait()
	return errors.Join(errs...)
}
