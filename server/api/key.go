package api

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/sight"
)

// keyPrefix lets scanners of leaked secrets recognise a key.
const keyPrefix = "akk_"

// NewKey makes an API key from 32 random bytes, and its hash, which is all
// that is stored.
func NewKey(random io.Reader) (key string, hash [sha256.Size]byte, err error) {
	var secret [32]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", hash, err
	}
	key = keyPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret[:]))
	return key, HashKey(key), nil
}

// HashKey gives the hash under which a key is stored. The key has 256 random
// bits, so a plain hash keeps it secret.
func HashKey(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

// Keys keeps the API keys (M26).
type Keys interface {
	Keys(ctx context.Context) ([]akkoord.APIKey, error)
	KeyNamed(ctx context.Context, id akkoord.ID) (akkoord.APIKey, error)
	AddKey(ctx context.Context, actor akkoord.Actor, k akkoord.APIKey, hash [sha256.Size]byte, purposes ...int64) (akkoord.APIKey, error)
	RevokeKey(ctx context.Context, actor akkoord.Actor, id int64) error
	// UsedKey notes that a key is in use.
	UsedKey(ctx context.Context, id int64) error
	// KeyByHash gives a key that is in force, or an Unauthorized error.
	KeyByHash(ctx context.Context, hash [sha256.Size]byte) (akkoord.APIKey, error)
}

// usedEvery is how exactly it is known when a key was last used.
const usedEvery = time.Minute

type callerKey struct{}

// caller gives the key that a request came with.
func caller(ctx context.Context) akkoord.APIKey {
	key, _ := ctx.Value(callerKey{}).(akkoord.APIKey)
	return key
}

// origin is what an act of the caller leaves in the ledger. The API tells times
// in UTC.
func origin(ctx context.Context) akkoord.Origin {
	return akkoord.Origin{Source: "api", Actor: caller(ctx).Actor(), Evidence: akkoord.Evidence{ToldIn: "UTC"}}
}

// authenticate finds the request's key. Whatever is sent is hashed and looked
// up, so that the time says nothing about how wrong it was.
func authenticate(keys Keys, now time.Time, r *http.Request) (*http.Request, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	key, err := keys.KeyByHash(r.Context(), HashKey(strings.TrimSpace(token)))
	switch {
	case !strings.EqualFold(scheme, "Bearer"), akkoord.KindOf(err) == akkoord.Unauthorized, akkoord.KindOf(err) == akkoord.NotFound:
		return nil, akkoord.Errorf(akkoord.Unauthorized, "key_invalid", "Send a valid API key as Authorization: Bearer KEY; akkoord key add makes one.")
	case err != nil:
		return nil, err
	}
	if now.Sub(key.UsedAt) >= usedEvery {
		_ = keys.UsedKey(r.Context(), key.ID) // where nothing can be written, much can still be read (P04)
	}
	return r.WithContext(sight.As(context.WithValue(r.Context(), callerKey{}, key), key.Actor(), key.Role)), nil
}
