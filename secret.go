package akkoord

import (
	"fmt"
	"log/slog"
)

// Secret is a text that never prints: not by fmt, slog, JSON or YAML (P32).
type Secret string

const redacted = "[hidden]"

// Format writes a placeholder whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue gives slog the placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives encoders the placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
