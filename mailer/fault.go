package mailer

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// errFault is what a panic while sending becomes. What it was about is in the log.
var errFault = errors.New("an unexpected fault, told in the log")

// guard runs f and makes an error of its panic, so that the fault of one mail
// ends neither the process nor the mails of others. The log gets where it was;
// a panic's own words only where the runtime speaks them, since others may
// hold a person's data.
func (w *Worker) guard(f func() error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		what := fmt.Sprintf("%T", v)
		if e, ok := v.(runtime.Error); ok {
			what = e.Error()
		}
		w.Log.Error("a fault while sending", "fault", what, "stack", string(debug.Stack()))
		err = errFault
	}()
	return f()
}

// drop closes a session that a fault left in an unknown state.
func (l *line) drop() {
	if l.session != nil {
		l.session.broken = true
		l.hangUp()
	}
}
