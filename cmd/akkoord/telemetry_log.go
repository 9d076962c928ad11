package main

import (
	"fmt"
	"io"
	"log/slog"
)

func checkLog(s *site) error {
	if s.LogFormat != "" && s.LogFormat != "text" && s.LogFormat != "json" {
		return fmt.Errorf("AKKOORD_LOG_FORMAT must be text or json")
	}
	if _, err := s.logLevel(); err != nil {
		return fmt.Errorf("AKKOORD_LOG_LEVEL must be debug, info, warn or error")
	}
	return nil
}

func (s *site) logLevel() (slog.Level, error) {
	switch s.LogLevel {
	case "", "info":
		return slog.LevelInfo, nil
	case "debug":
		return slog.LevelDebug, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("%q is no level", s.LogLevel)
}

// logger writes the lines that docs/operations.md explains, from the level that
// is set.
func (s *site) logger(w io.Writer) *slog.Logger {
	level, _ := s.logLevel() // checked
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
