package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The log is text or JSON, from the level that is set; anything else is said
// at the start.
func TestLogFormatAndLevel(t *testing.T) {
	base := settings{Listen: "127.0.0.1:0", URL: "http://127.0.0.1", TLS: "off", OpsListen: "127.0.0.1:0", SignUpsPerIP: "0"}
	for name, tt := range map[string]struct {
		format, level string
		refused       string
		json          bool
		lines         int // of one for each level
	}{
		"as it comes": {"", "", "", false, 3},
		"text":        {"text", "warn", "", false, 2},
		"json":        {"json", "debug", "", true, 4},
		"errors":      {"json", "error", "", true, 1},
		"no format":   {"xml", "info", "AKKOORD_LOG_FORMAT", false, 0},
		"no level":    {"text", "loud", "AKKOORD_LOG_LEVEL", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := base
			s.LogFormat, s.LogLevel = tt.format, tt.level
			site, err := s.check()
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			log := site.logger(&b)
			log.Debug("a line")
			log.Info("a line")
			log.Warn("a line")
			log.Error("a line")
			if n := strings.Count(b.String(), "\n"); n != tt.lines {
				t.Errorf("%d lines: %s", n, b.String())
			}
			for line := range strings.Lines(b.String()) {
				if json.Valid([]byte(line)) != tt.json {
					t.Errorf("%s", line)
				}
			}
		})
	}
}
