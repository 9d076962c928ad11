package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"akkoord"
)

// Idempotency remembers answers for the time in which a caller may ask again.
type Idempotency interface {
	Idempotent(ctx context.Context, key, request [sha256.Size]byte) (status int, body []byte, found bool, err error)
	SaveIdempotent(ctx context.Context, key, request [sha256.Size]byte, status int, body []byte) error
	ReleaseIdempotent(ctx context.Context, key [sha256.Size]byte) error
}

// replay answers a POST that comes again with the same Idempotency-Key with
// the answer that it got before. Only successes are remembered: an error
// changed nothing, so that trying again is right.
type replay struct {
	store  Idempotency
	secret []byte
	mu     sync.Mutex
	busy   map[[sha256.Size]byte]chan struct{}
}

func newReplay(store Idempotency, secret []byte) *replay {
	return &replay{store: store, secret: secret, busy: map[[sha256.Size]byte]chan struct{}{}}
}

const maxIdempotencyKey = 255 // bytes of an Idempotency-Key

func (p *replay) serve(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler) error {
	name := r.Header.Get("Idempotency-Key")
	if name == "" || r.Method != http.MethodPost {
		next.ServeHTTP(w, r)
		return nil
	}
	if len(name) > maxIdempotencyKey {
		return &problem{Status: http.StatusBadRequest, Code: "idempotency_key_invalid", Field: "Idempotency-Key", Detail: "An Idempotency-Key has 1 to 255 characters."}
	}
	r = r.WithContext(context.WithValue(r.Context(), idempotencyName{}, name))
	key := digest(string(caller(r.Context()).Actor()), r.URL.Path, name)
	request := p.digest(r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body))
	done, err := p.begin(r.Context(), key)
	if err != nil {
		return err
	}
	defer done()
	status, answer, found, err := p.store.Idempotent(r.Context(), key, request)
	if err != nil {
		return err
	}
	if found {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(status)
		_, _ = w.Write(answer) // the caller may have gone
		return nil
	}
	rec := recorder{header: w.Header(), status: http.StatusOK}
	if err := p.answer(&rec, r, key, request, next); err != nil {
		return err
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes()) // the caller may have gone
	return nil
}

// answer answers a request that is ours to answer, and keeps a success. One
// that changed nothing, or ended in a panic, is given back.
func (p *replay) answer(rec *recorder, r *http.Request, key, request [sha256.Size]byte, next http.Handler) (err error) {
	ctx, keep := context.WithoutCancel(r.Context()), false
	defer func() {
		if !keep {
			err = errors.Join(err, p.store.ReleaseIdempotent(ctx, key))
		}
	}()
	next.ServeHTTP(rec, r)
	if keep = rec.status < 300; keep {
		var body []byte
		if body, err = without(rec.header.Get(onceHeader), rec.body.Bytes()); err == nil {
			err = p.store.SaveIdempotent(ctx, key, request, rec.status, body)
		}
	}
	return err
}

// onceHeader names the field of an answer that is shown once.
const onceHeader = "Akkoord-Once"

// without gives an answer as it is kept: with null for the field that is shown once,
// so that no secret is stored (P32).
func without(field string, body []byte) ([]byte, error) {
	if field == "" {
		return body, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	fields[field] = json.RawMessage("null")
	return json.Marshal(fields)
}

type idempotencyName struct{}

// idempotencyKey gives the Idempotency-Key of a POST; empty for none.
func idempotencyKey(ctx context.Context) string {
	name, _ := ctx.Value(idempotencyName{}).(string)
	return name
}

// begin waits until no other request with the key is being answered.
func (p *replay) begin(ctx context.Context, key [sha256.Size]byte) (done func(), err error) {
	for {
		p.mu.Lock()
		other, taken := p.busy[key]
		if !taken {
			mine := make(chan struct{})
			p.busy[key] = mine
			p.mu.Unlock()
			return func() {
				p.mu.Lock()
				delete(p.busy, key)
				p.mu.Unlock()
				close(mine)
			}, nil
		}
		p.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// digest is digest under a key: a request may have a password in it, which the stored
// digest must not let anybody guess.
func (p *replay) digest(parts ...string) (out [sha256.Size]byte) {
	h := hmac.New(sha256.New, p.secret)
	sum := digest(parts...)
	h.Write(sum[:])
	h.Sum(out[:0])
	return out
}

// digest hashes parts so that no two lists of parts give the same.
func digest(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	var out [sha256.Size]byte
	h.Sum(out[:0])
	return out
}

// recorder holds an answer back until it is remembered.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// readBody reads the whole body, within Limits.APIBody, and puts it back.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, akkoord.Limits.APIBody))
	if err != nil {
		return nil, readError(err, akkoord.Limits.APIBody)
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") && !utf8.Valid(body) {
		return nil, &problem{Status: http.StatusBadRequest, Code: "utf8_invalid", Detail: "The body is not valid UTF-8."}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// readError says why a body could not be read.
func readError(err error, most int64) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return akkoord.Errorf(akkoord.TooLarge, "body_too_large", "The body is too large; it can have %d bytes.", most)
	}
	return &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
}
