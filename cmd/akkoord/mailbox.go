package main

import (
	"context"
	"fmt"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailbox"
)

// mailboxEvery is how often the mailbox is looked into.
const mailboxEvery = time.Minute

// checkMailbox reads AKKOORD_MAILBOX.
func checkMailbox(s *site) error {
	if s.Mailbox == "" {
		return nil
	}
	if s.ret.IsZero() && s.leave.IsZero() {
		return fmt.Errorf("AKKOORD_MAILBOX is for what comes in at AKKOORD_RETURN_PATH or AKKOORD_UNSUBSCRIBE_MAILBOX; set one of them")
	}
	box, err := mailbox.Parse(s.Mailbox)
	if err != nil {
		return fmt.Errorf("AKKOORD_MAILBOX: %w", err)
	}
	s.mailbox = box
	return nil
}

// incoming acts on a message that came in, whichever door it took.
type incoming struct {
	returns, leaving *mailer.ReturnPath // nil: not set
	report           func(ctx context.Context, r akkoord.Report) (akkoord.TakenReport, error)
	leave            func(ctx context.Context, in akkoord.IncomingMail) (akkoord.LeftByMail, error)
}

// take reports whether the message was one for a program: acted on, or known to
// need no act. Anything else is for a person to read.
func (i incoming) take(ctx context.Context, message []byte) (bool, error) {
	if i.leaving != nil {
		if in := mailer.ReadLeave(i.leaving, message, ""); in.Code == akkoord.IncomingLeave {
			_, err := i.leave(ctx, in)
			return err == nil, err
		}
	}
	if i.returns == nil {
		return false, nil
	}
	took, err := i.report(ctx, mailer.ReadReport(i.returns, message, ""))
	switch took.Code {
	case akkoord.ReportNoToken, akkoord.ReportForged, akkoord.ReportBroken, akkoord.ReportOther:
		return false, err
	}
	return err == nil, err
}

// collect fetches what came in at the mailbox. One whose setting was taken away
// is looked into no more.
func (a *app) collect(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	if a.site.mailbox == nil {
		return time.Time{}, nil
	}
	more, err := a.site.mailbox.Collect(ctx, a.incoming.take)
	if more {
		return time.Now(), err
	}
	return time.Time{}, err
}
