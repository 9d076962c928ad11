package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"

	"akkoord"

	"github.com/danielgtaylor/huma/v2"
)

// Leaving records who leaves by mail.
type Leaving interface {
	LeaveByMail(ctx context.Context, in akkoord.IncomingMail) (akkoord.LeftByMail, error)
}

const (
	maxMessage = 25 << 20  // bytes of a message that is taken (requirements-mail J.14)
	keptHeader = 256 << 10 // bytes of it that are looked at: its header is enough
)

type messageKey struct{}

// handsMessage reports whether a request hands a message over.
func handsMessage(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == Prefix+"/inbound" || r.URL.Path == Prefix+"/bounces")
}

// serveMessage reads a message, which may be larger than other bodies and in no
// known encoding, and keeps the start of it.
func (a *API) serveMessage(w http.ResponseWriter, r *http.Request) error {
	body := http.MaxBytesReader(w, r.Body, maxMessage)
	var head bytes.Buffer
	_, err := io.Copy(&head, io.LimitReader(body, keptHeader))
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if err != nil {
		return readError(err, maxMessage)
	}
	r = r.WithContext(context.WithValue(r.Context(), messageKey{}, head.Bytes()))
	r.Body, r.ContentLength = http.NoBody, 0
	a.mux.ServeHTTP(w, r)
	return nil
}

// takenMessage is the answer to POST /inbound. A message that does nothing is
// no error, so that no mail server sends it back.
type takenMessage struct {
	Result string `json:"result" enum:"left,already,ignored"`
	Code   string `json:"code,omitempty" doc:"Why it was ignored: auto_reply, token_missing, token_invalid, unreadable."`
	At     *Time  `json:"at" doc:"When what it is about was left."`
}

func (a *API) takeMessage(ctx context.Context, in *struct {
	Rcpt string `query:"rcpt" doc:"Address that it was delivered to; else X-Original-To, Delivered-To and To are looked at."`
}) (takenMessage, error) {
	if a.cfg.ReadLeave == nil {
		return takenMessage{}, akkoord.Errorf(akkoord.Conflict, "mailbox_missing", "Set AKKOORD_UNSUBSCRIBE_MAILBOX: there is no address that mail to leaves.")
	}
	message, err := messageOf(ctx)
	if err != nil {
		return takenMessage{}, err
	}
	left, err := a.cfg.Store.LeaveByMail(ctx, a.cfg.ReadLeave(message, in.Rcpt))
	if err != nil {
		return takenMessage{}, err
	}
	out := takenMessage{Code: string(left.Code), At: when(left.At), Result: "already"}
	switch {
	case left.Code != akkoord.IncomingLeave:
		out.Result = "ignored"
	case left.New:
		out.Result = "left"
	}
	a.incoming.add(out)
	return out, nil
}

// messageOf gives the message that serveMessage has read.
func messageOf(ctx context.Context) ([]byte, error) {
	message, _ := ctx.Value(messageKey{}).([]byte)
	if len(message) == 0 {
		return nil, &problem{Status: http.StatusBadRequest, Code: "body_missing", Detail: "Send the message as the body, as it came in."}
	}
	return message, nil
}

// incomingCounts counts messages since the process started.
type incomingCounts struct{ left, already, automatic, unsigned, forged, broken atomic.Uint64 }

func (c *incomingCounts) add(m takenMessage) {
	counter := &c.already
	switch akkoord.IncomingCode(m.Code) {
	case akkoord.IncomingAutoReply:
		counter = &c.automatic
	case akkoord.IncomingNoToken:
		counter = &c.unsigned
	case akkoord.IncomingForged:
		counter = &c.forged
	case akkoord.IncomingBroken:
		counter = &c.broken
	default:
		if m.Result == "left" {
			counter = &c.left
		}
	}
	counter.Add(1)
}

// Incoming counts the messages that came in since the process started, by what
// they came to.
func (a *API) Incoming() map[string]uint64 {
	c := &a.incoming
	return map[string]uint64{
		"left": c.left.Load(), "already": c.already.Load(), string(akkoord.IncomingAutoReply): c.automatic.Load(),
		string(akkoord.IncomingNoToken): c.unsigned.Load(), string(akkoord.IncomingForged): c.forged.Load(), string(akkoord.IncomingBroken): c.broken.Load(),
	}
}

// handleMessage makes the registration of an operation whose body serveMessage
// has taken.
func handleMessage[I, O any](o operation, f func(context.Context, *I) (O, error)) registration {
	register := handle(o, f)
	return func(a *API) error {
		if err := register(a); err != nil {
			return err
		}
		a.huma.OpenAPI().Paths[o.path].Post.RequestBody = &huma.RequestBody{
			Description: "A message as it came in, at most 25 MB.", Required: true,
			Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
		}
		return nil
	}
}
