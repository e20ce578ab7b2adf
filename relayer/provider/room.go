package provider

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// leastFree bytes on the data folder's disk: below, no new session begins. It is what vouchers, claims and compactions of the sessions that run may still take.
const leastFree = 256 << 20

// room tells whether the disk of a folder has place for new sessions.
func room(folder string, least uint64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return fmt.Errorf("disk of %s: %w", folder, err)
	}
	if free := s.Bavail * uint64(s.Bsize); free < least {
		return fmt.Errorf("the disk of %s has %d MiB left of the %d MiB that running sessions may need: free some space", folder, free>>20, least>>20)
	}
	return nil
}
