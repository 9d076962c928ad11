package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// A form that is sent back sooner than stampEarly or later than stampLate
// after it was shown is shown once more (requirements-mail K.5).
const (
	stampEarly = 2 * time.Second
	stampLate  = 24 * time.Hour
)

// stamp signs the time of showing a form. A form that is shown again keeps the
// first time, unless that has become too old.
func (s *Server) stamp(earlier string) string {
	if s.StampKey == nil {
		return ""
	}
	if at, ok := s.stampedAt(earlier); ok && s.Now().Sub(at) < stampLate {
		return earlier
	}
	at := strconv.FormatInt(s.Now().Unix(), 10)
	return at + "." + s.stampMAC(at)
}

func (s *Server) stampMAC(at string) string {
	mac := hmac.New(sha256.New, s.StampKey)
	mac.Write([]byte(at))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
}

func (s *Server) stampedAt(stamp string) (time.Time, bool) {
	at, sum, _ := strings.Cut(stamp, ".")
	unix, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !hmac.Equal([]byte(sum), []byte(s.stampMAC(at))) {
		return time.Time{}, false
	}
	return time.Unix(unix, 0), true
}

// checkStamp reports a form that was sent too soon or too late. No stamp is
// fine, and so is one that is not ours: a post needs none.
func (s *Server) checkStamp(stamp string) error {
	if stamp == "" || s.StampKey == nil {
		return nil
	}
	at, ok := s.stampedAt(stamp)
	if !ok {
		return nil
	}
	switch age := s.Now().Sub(at); {
	case age < stampEarly:
		return akkoord.Fieldf("stamp", "stamp_early", "That was very quick. Please press the button once more.")
	case age > stampLate:
		return akkoord.Fieldf("stamp", "stamp_late", "The page was open for long. Please press the button once more; what you filled in is still there.")
	}
	return nil
}
