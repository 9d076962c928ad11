package server

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// A form whose challenge is "pow" asks the browser to work something out
// (requirements-mail K.6), in the format of ALTCHA 2: find the counter with which
// PBKDF2 of nonce and counter begins with a prefix. It takes 256 tries on average,
// of a quarter of a second together; the server checks an answer by one.
const (
	workAlgorithm = "PBKDF2/SHA-256"
	workCost      = 2000 // iterations of one try
	workKey       = 32   // bytes
	workPrefix    = "00"
	workWindow    = 20 * time.Minute
	answerLimit   = 2 << 10 // bytes of an answer
)

// work is what a browser is asked, in the order in which ALTCHA signs it.
type work struct {
	Algorithm string   `json:"algorithm"`
	Cost      int      `json:"cost"`
	Data      workData `json:"data"`
	ExpiresAt int64    `json:"expiresAt"` // Unix seconds
	KeyLength int      `json:"keyLength"`
	KeyPrefix string   `json:"keyPrefix"`
	Nonce     string   `json:"nonce"`
	Salt      string   `json:"salt"`
}

type workData struct {
	Form string `json:"form"`
}

// challenge is work with its signature: the HMAC-SHA256, in hex, of its JSON.
type challenge struct {
	Parameters work   `json:"parameters"`
	Signature  string `json:"signature"`
}

// workedOut is what comes back as "altcha", in base64 of JSON.
type workedOut struct {
	Challenge challenge `json:"challenge"`
	Solution  struct {
		Counter    uint32 `json:"counter"`
		DerivedKey string `json:"derivedKey"`
	} `json:"solution"`

	signature [32]byte // of the challenge, verified; zero: nothing came
}

func errWork(code, sentence string) error { return akkoord.Fieldf("altcha", code, "%s", sentence) }

// asksWork reports whether a form wants something worked out.
func (s *Server) asksWork(form akkoord.Form) bool {
	return s.ChallengeKey != nil && form.Version.Challenge == "pow"
}

// challenge answers GET /f/{form}/challenge.
func (s *Server) challenge(c echo.Context) error {
	form, err := s.findForm(c)
	if err != nil {
		return err
	}
	if err := s.allowOrigin(c, form); err != nil {
		return err
	}
	if !s.asksWork(form) {
		return echo.ErrNotFound
	}
	var secret [32]byte
	if _, err := io.ReadFull(s.Random, secret[:]); err != nil {
		return err
	}
	w := work{
		Algorithm: workAlgorithm, Cost: workCost, KeyLength: workKey, KeyPrefix: workPrefix, Data: workData{form.Slug},
		ExpiresAt: s.Now().Add(workWindow).Unix(), Nonce: hex.EncodeToString(secret[:16]), Salt: hex.EncodeToString(secret[16:]),
	}
	sum, err := s.signWork(w)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, challenge{w, hex.EncodeToString(sum)})
}

func (s *Server) signWork(w work) ([]byte, error) {
	signed, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, s.ChallengeKey)
	mac.Write(signed)
	return mac.Sum(nil), nil
}

// readWork reads the answer that came with a form, without checking its work: what
// it names is a challenge of this server for this form, and is still good. The zero
// answer is that of a browser without script.
func (s *Server) readWork(form akkoord.Form, sent string) (workedOut, error) {
	var a workedOut
	if sent == "" || !s.asksWork(form) {
		return a, nil
	}
	foreign := errWork("challenge_foreign", "What your browser worked out is not for this form. Please press the button once more.")
	if len(sent) > answerLimit {
		return workedOut{}, foreign
	}
	raw, err := base64.StdEncoding.DecodeString(sent)
	if err != nil {
		return workedOut{}, foreign
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return workedOut{}, foreign
	}
	sum, err := s.signWork(a.Challenge.Parameters)
	if err != nil {
		return workedOut{}, err
	}
	signature, err := hex.DecodeString(a.Challenge.Signature)
	if err != nil || !hmac.Equal(sum, signature) || a.Challenge.Parameters.Data.Form != form.Slug {
		return workedOut{}, foreign
	}
	a.signature = [32]byte(signature)
	if !s.Now().Before(time.Unix(a.Challenge.Parameters.ExpiresAt, 0)) {
		return workedOut{}, errWork("challenge_expired", "The page was open for long. Please press the button once more; what you filled in is still there.")
	}
	return a, nil
}

// worked reports whether anything came.
func (a workedOut) worked() bool { return a.signature != [32]byte{} }

// check tries the answer of a challenge of ours.
func (a workedOut) check() (akkoord.SolvedChallenge, error) {
	if !a.worked() {
		return akkoord.SolvedChallenge{}, nil
	}
	w := a.Challenge.Parameters
	nonce, err := hex.DecodeString(w.Nonce)
	if err != nil {
		return akkoord.SolvedChallenge{}, err
	}
	salt, err := hex.DecodeString(w.Salt)
	if err != nil {
		return akkoord.SolvedChallenge{}, err
	}
	key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce, a.Solution.Counter)), salt, w.Cost, w.KeyLength)
	if err != nil {
		return akkoord.SolvedChallenge{}, err
	}
	derived := hex.EncodeToString(key)
	if derived != a.Solution.DerivedKey || !strings.HasPrefix(derived, w.KeyPrefix) {
		return akkoord.SolvedChallenge{}, errWork("challenge_wrong", "What your browser worked out is not right. Please press the button once more.")
	}
	return akkoord.SolvedChallenge{Signature: a.signature, Until: time.Unix(w.ExpiresAt, 0)}, nil
}
