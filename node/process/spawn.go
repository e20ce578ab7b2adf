package process

import (
	"os/exec"
	"runtime"
	"sync"
)

// Linux delivers a parent-death signal when the thread that forked the child ends, not the process, and the Go runtime ends idle threads. So every child is
// forked by one goroutine that holds its thread for good.
var spawner struct {
	once sync.Once
	jobs chan spawnJob
}

type spawnJob struct {
	cmd    *exec.Cmd
	result chan error
}

func spawn(cmd *exec.Cmd) error {
	spawner.once.Do(func() {
		spawner.jobs = make(chan spawnJob)
		go func() {
			runtime.LockOSThread()
			for job := range spawner.jobs {
				job.result <- job.cmd.Start()
			}
		}()
	})
	job := spawnJob{cmd: cmd, result: make(chan error, 1)}
	spawner.jobs <- job
	return <-job.result
}
