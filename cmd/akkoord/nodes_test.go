package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"akkoord/store"
	"akkoord/store/pgtest"
)

// another gives one more process on the same database, which is started like
// the first.
func (in *installation) another() *installation {
	return &installation{t: in.t, dir: in.dir, where: in.where, smtp: in.smtp, secret: in.secret, people: in.people, env: in.env}
}

// Two nodes share a campaign. One is killed, one more starts and freezes for
// longer than a lease, and wakes: nobody gets the mailing twice, all that was
// claimed is taken over, and uncertain is at most one person for each
// connection of the two (P19, P06).
func TestP19P06NodesThatDieOrFreezeAreTakenOver(t *testing.T) {
	t.Parallel()
	const people = 3000
	sink := startSink(t)
	a := installOn(t, pgtest.New(t, store.Migrate), sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	a.start()
	b := a.another()
	b.start()
	sink.slow(10 * time.Millisecond)
	mailing := a.send()
	stop := a.watch(mailing)
	a.until("500 mails", func() bool { return sink.read() >= 500 })
	b.kill()
	c := a.another()
	c.start()
	at := sink.read() + 500
	a.until(fmt.Sprintf("mail %d", at), func() bool { return sink.read() >= at })
	a.must(c.cmd.Process.Signal(syscall.SIGSTOP))
	m := a.await(mailing, isSent) // only when what the frozen one held is taken over
	a.must(c.cmd.Process.Signal(syscall.SIGCONT))
	if err := c.terminate(); err != nil {
		t.Errorf("a node that froze ends with %v\n%s", err, c.console)
	}
	stop()
	if after, err := a.mailing(mailing); err != nil || after != m {
		t.Errorf("a node that froze and woke made %+v of %+v (%v)", after, m, err)
	}
	if m.Total != people || m.Sent+m.Uncertain != people || m.Uncertain > 2*connections {
		t.Errorf("%+v of %d people", m, people)
	}
	a.onceOrUncertain(sink, mailing)
	a.verifyLedger()
}
