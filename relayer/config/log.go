package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Log says how much the relayer tells, and in what form. An empty field is its standard.
type Log struct {
	// Level is the least that is told: debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text for people or json for machines.
	Format string `yaml:"format"`
}

var levels = map[string]slog.Level{"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// Logger writes to w, or says what is wrong with the settings.
func (l Log) Logger(w io.Writer) (*slog.Logger, error) {
	level, known := levels[l.Level]
	if !known {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", l.Level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "", "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", l.Format)
}
