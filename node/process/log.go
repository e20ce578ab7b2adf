package process

import (
	"bytes"
	"io"
	"os"
	"strings"
)

const (
	// tailLines is how much of a log goes into an error.
	tailLines = 15
	// tailBytes bounds how much of a log is read for its last lines.
	tailBytes = 64 << 10
	// tailWidth cuts long lines, e.g. a state dump in a panic.
	tailWidth = 600
)

// Tail is the last lines of a file, each cut to a readable width.
func Tail(path string, lines int) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-tailBytes)
	buf, err := io.ReadAll(io.NewSectionReader(f, start, info.Size()-start))
	if err != nil {
		return "", err
	}
	all := strings.Split(string(bytes.TrimRight(buf, "\n")), "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		if len(line) > tailWidth {
			all[i] = line[:tailWidth] + "…"
		}
	}
	return strings.Join(all, "\n"), nil
}
