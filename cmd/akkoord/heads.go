package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"akkoord"
	"akkoord/mailer"
)

const (
	headsEvery  = time.Minute      // how often it is looked for new signed heads
	webhookWait = 30 * time.Second // for the answer of a webhook
)

// headPlace is where signed heads go, so that somebody else can tell when the
// ledger is rewritten. It takes them in order, once at least.
type headPlace interface {
	take(ctx context.Context, heads []akkoord.PublishedHead) error
}

// checkHeads reads AKKOORD_HEADS.
func checkHeads(s *site) error {
	kind, rest, _ := strings.Cut(s.Heads, ":")
	switch {
	case s.Heads == "":
		return nil
	case kind == "file" && rest != "":
		s.heads = headFile(filepath.Clean(rest))
		return nil
	case kind == "mailto":
		to, err := akkoord.ParseEmail(rest)
		if err != nil {
			break
		}
		if s.SMTP == "" || s.From == "" {
			return fmt.Errorf("AKKOORD_HEADS is a mail address: set AKKOORD_SMTP and AKKOORD_FROM too")
		}
		s.heads = &headMail{to: to}
		return nil
	case kind == "https" || kind == "http":
		u, err := url.Parse(s.Heads)
		if err != nil || u.Host == "" {
			break
		}
		if kind == "http" && !akkoord.LoopbackHost(u.Hostname()) {
			return fmt.Errorf("AKKOORD_HEADS must begin with https: (plain http works for 127.0.0.1 only)")
		}
		s.heads = headHook(s.Heads)
		return nil
	}
	return fmt.Errorf("AKKOORD_HEADS must be file:PATH, mailto:ADDRESS or https://…")
}

// headFile appends a line to a file.
type headFile string

func (path headFile) take(_ context.Context, heads []akkoord.PublishedHead) error {
	var text bytes.Buffer
	for _, h := range heads {
		line, err := h.Line()
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	f, err := os.OpenFile(string(path), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) // nobody's data
	if err != nil {
		return fmt.Errorf("the file of AKKOORD_HEADS can't be written: %w", err)
	}
	_, err = f.Write(text.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}

// headHook posts to a URL, which may hold a secret and is in no error.
type headHook string

func (to headHook) take(ctx context.Context, heads []akkoord.PublishedHead) error {
	body, err := json.Marshal(map[string]any{"items": heads})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, webhookWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(to), bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook of AKKOORD_HEADS is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return fmt.Errorf("the webhook of AKKOORD_HEADS can't be reached: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4096) // so that the connection can be used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook of AKKOORD_HEADS answered %d", res.StatusCode)
	}
	return nil
}

// headMail mails to somebody.
type headMail struct {
	to   akkoord.Email
	mail *mailer.Tester // set when the server is built
}

func (m *headMail) take(ctx context.Context, heads []akkoord.PublishedHead) error {
	var lines []string
	for _, h := range heads {
		line, err := h.Line()
		if err != nil {
			return err
		}
		lines = append(lines, string(line))
	}
	return m.mail.SendHeads(ctx, m.to, akkoord.Locales[0], heads[len(heads)-1].Seq, lines)
}

// publish hands new signed heads to the place that keeps them.
func (a *app) publish(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	if a.site.heads == nil { // no longer wanted
		return time.Time{}, nil
	}
	place := sha256.Sum256([]byte(a.site.Heads))
	heads, err := a.store.HeadsToSend(ctx, place)
	if err != nil || len(heads) == 0 {
		return time.Time{}, err
	}
	var out []akkoord.PublishedHead
	for _, h := range heads {
		out = append(out, h.Published(a.site.base.String(), a.fingerprint))
	}
	if err := a.site.heads.take(ctx, out); err != nil {
		return time.Time{}, err
	}
	return time.Time{}, a.store.HeadsSent(ctx, place, heads[len(heads)-1].Seq)
}

// fingerprintOf names the key that signs the ledger.
func fingerprintOf(keys *akkoord.Keyring) string {
	return akkoord.KeyFingerprint(keys.LedgerKey().Public().(ed25519.PublicKey))
}
