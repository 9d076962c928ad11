package akkoord

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"time"
)

// ID is a public identifier: a UUID of version 7 (RFC 9562 §5.7), ordered by
// time. It is no secret: holding one gives no right.
type ID [16]byte

// NewID makes an ID from the time and a source of randomness.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ID{}, err
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// ParseID reads the 36-character form. The error is NotFound, since whoever
// sends a malformed ID asks for a thing that does not exist.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, Errorf(NotFound, "not_found", "There is nothing with this id.")
	}
	plain := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(plain)); err != nil {
		return ID{}, Errorf(NotFound, "not_found", "There is nothing with this id.")
	}
	return id, nil
}

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String gives the 36-character form.
func (id ID) String() string { return string(id.Append(nil)) }

// Append appends the 36-character form to dst.
func (id ID) Append(dst []byte) []byte {
	for i, n := range [...]int{4, 2, 2, 2, 6} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, id[:n])
		copy(id[:], id[n:])
	}
	return dst
}

// MarshalText gives the 36-character form.
func (id ID) MarshalText() ([]byte, error) { return id.Append(nil), nil }

// UnmarshalText reads the 36-character form.
func (id *ID) UnmarshalText(b []byte) error {
	got, err := ParseID(string(b))
	*id = got
	return err
}
