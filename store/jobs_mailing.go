package store

import (
	"context"
	"strconv"
	"time"

	"akkoord"
)

const (
	mailingLook = 10 * time.Second // how often a mailing that is being sent is looked at
	sweepPause  = time.Second      // for connections to give back what they hold of a cancelled one
)

// mailingJob are the arguments of a job of the kind akkoord.JobMailing.
type mailingJob struct {
	Mailing int64 `json:"mailing"`
}

// enqueueMailing stores what a mailing's new state calls for without anybody
// asking: to be started at its time, frozen and finished, or swept.
func (t *tx) enqueueMailing(m *akkoord.Mailing) error {
	var at time.Time // at once
	switch m.State {
	case akkoord.MailingScheduled:
		at = m.Plan.Begins(m.SendAt)
	case akkoord.MailingSending, akkoord.MailingCancelled:
	default:
		return nil
	}
	j, err := akkoord.NewJob(akkoord.JobMailing, strconv.FormatInt(m.ID, 10), at, mailingJob{m.ID})
	if err != nil {
		return err
	}
	return t.enqueue(j)
}

// AdvanceMailing is the run of a job of the kind akkoord.JobMailing: it starts
// a scheduled mailing at its time, freezes the audience to the end, finishes a
// mailing of which nobody is left, and skips the rest of a cancelled one. Each
// step is a commit of its own that leaves room for others. It gives when to
// look at the mailing again, or zero.
func (s *Store) AdvanceMailing(ctx context.Context, j akkoord.Job) (time.Time, error) {
	var args mailingJob
	if err := j.Bind(&args); err != nil {
		return time.Time{}, err
	}
	m, err := s.MailingByID(ctx, args.Mailing)
	if err != nil {
		return time.Time{}, err
	}
	if m.State == akkoord.MailingScheduled {
		if at := m.Plan.Begins(m.SendAt); at.After(s.cfg.Now()) {
			return at, nil
		}
		if err := s.startScheduled(ctx, m.ID); err != nil {
			return time.Time{}, err
		}
	}
	return s.carryOn(ctx, m.ID)
}

// carryOn does what is left to do of a mailing that was started once.
func (s *Store) carryOn(ctx context.Context, id int64) (time.Time, error) {
	m, err := s.MailingByID(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	switch m.State {
	case akkoord.MailingScheduled: // anew, or nothing may be sent now
		return latest(m.Plan.Begins(m.SendAt), s.cfg.Now().Add(mailingLook)), nil
	case akkoord.MailingPaused:
		return time.Time{}, s.freezeAll(ctx, m)
	case akkoord.MailingSending:
		if m.Trigger != nil { // the job of all series looks for its people
			return time.Time{}, nil
		}
		if err := s.freezeAll(ctx, m); err != nil {
			return time.Time{}, err
		}
		if goesOn, err := s.decideTrial(ctx, id); goesOn || err != nil {
			return s.cfg.Now().Add(trialLook), err
		}
		return s.finishOrLook(ctx, id)
	case akkoord.MailingCancelled:
		if err := s.sweepAll(ctx, id); err != nil {
			return time.Time{}, err
		}
		if m, err = s.MailingByID(ctx, id); err == nil && m.FinishedAt.IsZero() {
			return s.cfg.Now().Add(sweepPause), nil
		}
		return time.Time{}, err
	default:
		return time.Time{}, nil
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// finishOrLook finishes a mailing of which nobody is left. Whoever gives back
// the last of it does so; this is for when they died in between.
func (s *Store) finishOrLook(ctx context.Context, id int64) (time.Time, error) {
	if err := s.update(ctx, "finish mailing", func(t *tx) error { return t.finish(id) }); err != nil {
		return time.Time{}, err
	}
	m, err := s.MailingByID(ctx, id)
	if err != nil || m.State != akkoord.MailingSending {
		return time.Time{}, err
	}
	return s.cfg.Now().Add(mailingLook), nil
}
