package mailer

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
)

// Envelope is who a message goes from and to. The addresses are ASCII but for
// a local part, which needs a relay with SMTPUTF8 then (B.6, B.7).
type Envelope struct {
	From string // return path; "" for the null sender
	To   string
	ID   string // opaque, for delivery reports (RFC 3461 ENVID); "" for none

	// Dotless promises that no line of the message begins with a dot, as
	// Skeleton.Append does: the session then looks for none to double.
	Dotless bool

	Ref any // the caller's own; the session doesn't look at it
}

// Source hands a session its messages and is told what became of each, all on
// the goroutine that called Run.
//
// With pipelining Next is asked for the envelope that rides behind a body
// after that body's Body and before its Done: at most two envelopes are out,
// and of at most one has a body byte left.
type Source interface {
	// Next gives the next envelope; false means that there is none for now.
	Next() (Envelope, bool)
	// Body appends the whole message, lines ending in CRLF, to dst. It is
	// called after the relay asked for the body (354) and right before the
	// first byte of it: the place for the last question at the gate and the
	// on-wire mark. ErrSkip or ErrRequeue, also wrapped, call it off; so does
	// any other error, as a fault that Run returns. Each costs the
	// connection, since SMTP has no other way back from there.
	Body(e Envelope, dst []byte) ([]byte, error)
	// Done is called exactly once for each envelope that Next gave.
	Done(e Envelope, o Outcome)
}

// What Body answers instead of a message.
var (
	ErrSkip    = errors.New("the gate said no")         // reported as Skipped
	ErrRequeue = errors.New("not now, ask again later") // reported as Requeue
)

// ErrSpent means that the connection is used up for a harmless reason: dial
// again at once.
var ErrSpent = errors.New("connection used up")

// SlowDot is how late an answer to a final dot may be before nothing rides
// behind the next body any more, until one is quick again.
const SlowDot = 500 * time.Millisecond

// turn is the envelope whose turn it is. ahead means that its MAIL, RCPT and
// DATA are written already.
type turn struct {
	e         Envelope
	ok, ahead bool
}

// Run sends what src gives until it gives no more (nil; Run may be called
// again), the connection is used up (ErrSpent), ctx ends (its error, after the
// message on the wire is answered), or the relay or the connection fails
// (*RelayError; what it means for the relay was told to Done as well). After
// an error only Close is left to do.
func (s *Session) Run(ctx context.Context, src Source) error {
	if s.broken {
		return ErrSpent
	}
	defer s.watch(ctx)()
	t := s.pull(ctx, src)
	for t.ok {
		next, err := s.send(ctx, src, t)
		if err == nil {
			t = next
			continue
		}
		if next.ok { // not a byte of its body left
			s.broken = true
			src.Done(next.e, Outcome{State: Requeue, Stage: StageMail})
		}
		s.Close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	if ctx.Err() == nil && s.left == 0 {
		s.Close()
		return ErrSpent
	}
	return ctx.Err()
}

// pull asks src for the next envelope that may go over this wire.
func (s *Session) pull(ctx context.Context, src Source) turn {
	for ctx.Err() == nil && s.left != 0 {
		e, ok := src.Next()
		if !ok {
			break
		}
		if o, ok := s.admit(e); !ok {
			src.Done(e, o)
			continue
		}
		return turn{e: e, ok: true}
	}
	return turn{}
}

// send takes one envelope to its outcome and gives the next turn. With an
// error the next turn, if any, was not begun.
func (s *Session) send(ctx context.Context, src Source, t turn) (turn, error) {
	refused, err := s.open(t)
	if refused != nil {
		src.Done(t.e, *refused)
		if err != nil {
			return turn{}, err
		}
		return s.pull(ctx, src), nil
	}
	msg, err := s.compose(ctx, src, t.e)
	if err != nil {
		return turn{}, err
	}
	s.left--
	var next turn
	if s.caps.Pipelining && !s.slow {
		next = s.pull(ctx, src)
	}
	s.buf = terminate(msg, t.e.Dotless)
	if next.ok {
		next.ahead = true
		s.buf = s.group(s.buf, next.e)
	}
	o, err := s.deliver(t.e)
	src.Done(t.e, o)
	if err == nil && !next.ok {
		next = s.pull(ctx, src)
	}
	return next, err
}

// open brings the conversation to the 354 of t. Otherwise it gives the refusal,
// with an error where the connection can't go on.
func (s *Session) open(t turn) (refused *Outcome, err error) {
	defer s.ended(StageData, s.begin())
	grouped := t.ahead
	if !t.ahead && s.caps.Pipelining {
		s.buf = s.group(s.buf[:0], t.e)
		if err := s.write(s.buf, s.timeouts.Command); err != nil {
			return s.lost(StageMail, err)
		}
		grouped = true
	}
	if s.reset {
		if o, err := s.clear(grouped); err != nil {
			return o, err
		}
	}
	for _, stage := range [...]Stage{StageMail, StageRcpt, StageData} {
		if !grouped {
			if err := s.write(s.command(nil, stage, t.e), s.timeouts.Command); err != nil {
				return s.lost(stage, err)
			}
		}
		rep, err := s.read(s.commandTimeout(stage))
		switch {
		case err != nil && refused == nil:
			return s.lost(stage, err)
		case err != nil:
			s.broken = true
			return refused, relayError(stage, err)
		case refused != nil && stage == StageData && rep.code/100 == 3:
			s.broken = true // it wants a body for nobody: never give it one
			return refused, ErrSpent
		case refused == nil && !accepts(stage, rep.code):
			o := s.outcome(stage, rep, t.e)
			refused = &o
			s.reset = stage != StageMail
		}
		if rep.code == 421 || refused != nil && refused.Relay != RelayFine {
			s.broken = s.broken || rep.code == 421 || grouped && stage != StageData
			return refused, &RelayError{Outcome: s.outcome(stage, rep, t.e)}
		}
		if refused != nil && !grouped {
			break
		}
	}
	return refused, nil
}

func accepts(stage Stage, code int) bool {
	if stage == StageData {
		return code == 354
	}
	return code/100 == 2
}

// clear ends the transaction that a refusal left open (RSET, M.6).
func (s *Session) clear(grouped bool) (*Outcome, error) {
	if !grouped {
		if err := s.write([]byte("RSET\r\n"), s.timeouts.Command); err != nil {
			return s.lost(StageMail, err)
		}
	}
	rep, err := s.read(s.timeouts.Command)
	if err == nil && rep.code/100 != 2 {
		err = errReply
	}
	if err != nil {
		return s.lost(StageMail, err)
	}
	s.reset = false
	return nil, nil
}

// compose asks for the body, which from then on is on the wire.
func (s *Session) compose(ctx context.Context, src Source, e Envelope) ([]byte, error) {
	s.broken = true // a body is expected: no command would be understood
	if err := ctx.Err(); err != nil {
		src.Done(e, Outcome{State: Requeue, Stage: StageData})
		return nil, err
	}
	msg, err := src.Body(e, s.buf[:0])
	switch {
	case errors.Is(err, ErrSkip):
		src.Done(e, Outcome{State: Skipped, Stage: StageData})
		return nil, ErrSpent
	case errors.Is(err, ErrRequeue):
		src.Done(e, Outcome{State: Requeue, Stage: StageData})
		return nil, ErrSpent
	case err != nil:
		src.Done(e, Outcome{State: Requeue, Stage: StageData})
		return nil, err
	case s.caps.Size > 0 && int64(len(msg)) > s.caps.Size:
		o := Outcome{State: Deferred, Class: ClassContent, Stage: StageData, Code: 552, Enhanced: "5.3.4", Reply: "larger than the relay takes", Relay: RelayStop}
		src.Done(e, o)
		return nil, &RelayError{Outcome: o}
	}
	s.setOnWire(true)
	return msg, nil
}

// deliver writes the body, and what rides behind it, and waits for the answer.
func (s *Session) deliver(e Envelope) (Outcome, error) {
	defer s.setOnWire(false)
	werr := s.write(s.buf, s.timeouts.Block)
	patience := s.timeouts.Dot
	if werr != nil {
		patience = s.timeouts.Quit // a refusal may have come before the end
	}
	asked := s.now()
	rep, err := s.read(patience)
	waited := s.now().Sub(asked)
	s.slow = waited >= SlowDot
	if s.took != nil && err == nil {
		s.took(StageBody, waited)
	}
	if err != nil {
		o, err := s.lost(StageBody, cmp.Or(werr, err))
		return *o, err
	}
	o := s.outcome(StageBody, rep, e)
	switch {
	case werr != nil:
		return o, relayError(StageBody, werr)
	case rep.code == 421 || o.State == Uncertain:
		return o, &RelayError{Outcome: o}
	}
	s.broken = false
	if o.Relay != RelayFine {
		return o, &RelayError{Outcome: o}
	}
	return o, nil
}

// lost is the outcome of a connection that broke, timed out, was interrupted
// or talked nonsense while a stage waited.
func (s *Session) lost(stage Stage, err error) (*Outcome, error) {
	s.broken = true
	o := Classify(stage, 0, "", "")
	if s.isStopping() {
		o.Relay = RelayFine
	}
	if errors.Is(err, errReply) {
		return &o, &RelayError{o, err}
	}
	return &o, &RelayError{o, connectionError(err)}
}

// usual is the last answer that accepted a body: most relays give everyone the
// same, or the same but for a queue id.
type usual struct {
	text    string // as it came
	outcome Outcome
}

const usualLen = 200 // longer answers are not kept

func (s *Session) outcome(stage Stage, rep reply, e Envelope) Outcome {
	if u := &s.usual; stage == StageBody && rep.code == u.outcome.Code && string(rep.text) == u.text {
		o := u.outcome
		o.Reply = maskWord(o.Reply, e.To[:strings.LastIndexByte(e.To, '@')])
		return o
	}
	o := Classify(stage, rep.code, enhancedCode(rep.code, rep.text), string(rep.text))
	o.Reply = maskReply(rep.text, e.To)
	if o.State == Sent && len(rep.text) < usualLen {
		s.usual = usual{string(rep.text), o}
		s.usual.outcome.Reply = maskReply(rep.text, "")
	}
	return o
}

// group appends the commands of one transaction, as RFC 2920 allows them to be
// sent together: DATA last.
func (s *Session) group(dst []byte, e Envelope) []byte {
	if s.reset {
		dst = append(dst, "RSET\r\n"...)
	}
	for _, stage := range [...]Stage{StageMail, StageRcpt, StageData} {
		dst = s.command(dst, stage, e)
	}
	return dst
}

// command appends one command. SMTPUTF8 goes only with an envelope that needs
// it (B.9); delivery reports are asked for where offered (M.15).
func (s *Session) command(dst []byte, stage Stage, e Envelope) []byte {
	switch stage {
	case StageMail:
		dst = append(append(append(dst, "MAIL FROM:<"...), e.From...), '>')
		if !ascii(e.From) || !ascii(e.To) {
			dst = append(dst, " SMTPUTF8"...)
		}
		if s.caps.DSN {
			dst = append(dst, " RET=HDRS"...)
			if e.ID != "" {
				dst = append(append(dst, " ENVID="...), e.ID...)
			}
		}
	case StageRcpt:
		dst = append(append(append(dst, "RCPT TO:<"...), e.To...), '>')
		if s.caps.DSN {
			dst = append(dst, " NOTIFY=FAILURE"...)
		}
	case StageData:
		dst = append(dst, "DATA"...)
	}
	return append(dst, '\r', '\n')
}

func (s *Session) commandTimeout(stage Stage) time.Duration {
	if stage == StageData {
		return s.timeouts.Data
	}
	return s.timeouts.Command
}
