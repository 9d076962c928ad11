package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"akkoord/mailer/mailertest"
)

// SIGTERM in mid-campaign ends the process well, leaves nobody uncertain, and
// the next process goes on where it stopped (P24).
func TestP24SIGTERMLeavesNobodyUncertain(t *testing.T) {
	eachDatabase(t, testSIGTERMLeavesNobodyUncertain)
}

func testSIGTERMLeavesNobodyUncertain(t *testing.T, database string) {
	const people = 1500
	sink := startSink(t)
	in := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	sink.slow(2 * time.Millisecond)
	in.start()
	mailing := in.send()
	for _, at := range []int{200, 600, 1000} {
		in.until(fmt.Sprintf("mail %d", at), func() bool { return sink.read() >= at })
		if err := in.terminate(); err != nil {
			t.Errorf("after SIGTERM the process ends with: %v\n%s", err, in.console)
		}
		in.start()
		m, err := in.mailing(mailing)
		in.must(err)
		if m.Uncertain != 0 || m.State != "sending" {
			t.Errorf("after SIGTERM and a start: %+v", m)
		}
	}
	if m := in.await(mailing, isSent); m.Sent != people {
		t.Errorf("%+v of %d", m, people)
	}
	in.onceOrUncertain(sink, mailing)
}

// A paused mailing stops within 2 s and goes on where it was; pressing send or
// resume twice starts no second run (P13).
func TestP13PauseStopsWithinTwoSecondsAndResumeGoesOn(t *testing.T) {
	eachDatabase(t, testPauseStopsWithinTwoSecondsAndResumeGoesOn)
}

func testPauseStopsWithinTwoSecondsAndResumeGoesOn(t *testing.T, database string) {
	const people = 800 // a connection is busy for some 3 s with those whom it claims at once
	sink := startSink(t)
	in := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	sink.slow(60 * time.Millisecond)
	in.start()
	mailing := in.draft()
	in.onlyOnce("/mailings/" + mailing + "/send")
	in.until("a fifth of the mails", func() bool { return sink.read() >= people/5 })

	in.must(in.api("POST", "/mailings/"+mailing+"/pause", nil, nil))
	paused := time.Now()
	in.until("3 s of silence", func() bool { return time.Since(paused) >= 3*time.Second })
	if taken := sink.read(); taken >= people {
		t.Fatal("all were sent before the pause")
	}
	for _, r := range sink.begun {
		if late := r.at.Sub(paused); late > 2*time.Second {
			t.Errorf("a mail began %v after the pause", late)
		}
	}
	m, err := in.mailing(mailing)
	in.must(err)
	if m.State != "paused" || m.Open == 0 || m.Uncertain != 0 {
		t.Errorf("while paused: %+v", m)
	}

	in.onlyOnce("/mailings/" + mailing + "/resume")
	if m := in.await(mailing, isSent); m.Sent != people {
		t.Errorf("%+v of %d", m, people)
	}
	in.onceOrUncertain(sink, mailing)
}

// onlyOnce makes the same call several times at once: one is obeyed, the
// others are a conflict.
func (in *installation) onlyOnce(path string) {
	in.t.Helper()
	answers := make([]error, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = in.api("POST", path, nil, nil) })
	}
	all.Wait()
	obeyed := 0
	for _, err := range answers {
		if refused := (statusError{}); err == nil {
			obeyed++
		} else if !errors.As(err, &refused) || refused.status != http.StatusConflict {
			in.t.Errorf("%s at once with others: %v", path, err)
		}
	}
	if obeyed != 1 {
		in.t.Errorf("%s was obeyed %d times", path, obeyed)
	}
}

// relay starts a mail server with rules.
func relay(t *testing.T, rules ...mailertest.Rule) *mailertest.Server {
	t.Helper()
	s, err := mailertest.Start(mailertest.Config{Rules: rules, Keep: 5000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A relay that is not there costs nobody anything: mails wait, and go out once
// it is there (P10).
func TestP10MailsWaitForARelayThatIsDown(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := gone.Addr().String()
	gone.Close()
	in := install(t, "smtp://"+addr+"?tls=none", numbered("reiziger%02d@voorbeeld.example", 40)...)
	in.start()
	mailing := in.send()
	in.signUp("bezoeker@voorbeeld.example")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = in.console.await(ctx, regexp.MustCompile("the relay is left alone for a while"))
	in.must(err)
	if m, err := in.mailing(mailing); err != nil || m.Open != 40 || m.State != "sending" {
		t.Errorf("without a relay: %+v %v", m, err)
	}

	there, err := mailertest.Start(mailertest.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	if m := in.await(mailing, isSent); m.Sent != 40 {
		t.Errorf("with a relay again: %+v", m)
	}
	if _, err := there.Wait(ctx, "bezoeker@voorbeeld.example", 1); err != nil {
		t.Errorf("the confirmation mail: %v", err)
	}
	for _, to := range in.people {
		if n := len(there.Messages(to)); n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
}

func (in *installation) signUp(to string) {
	in.t.Helper()
	status, err := in.post("/f/home", url.Values{"email": {to}, "purpose": {"travel-news"}, "locale": {"nl"}})
	in.must(err)
	if status != http.StatusSeeOther {
		in.t.Fatalf("signing up answers %d", status)
	}
}

// A refusal concerns the one person it names, a 421 concerns nobody: later
// means later, never means never, and everybody else is served (P11).
func TestP11RefusalsConcernOnePersonOnly(t *testing.T) {
	t.Parallel()
	server := relay(t,
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "later", Code: 450, Enhanced: [3]int{4, 2, 2}, Times: 2},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "druk", Code: 451, Enhanced: [3]int{4, 3, 0}, Times: 1},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "nooit", Code: 550, Enhanced: [3]int{5, 1, 1}},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "reiziger07", Code: 421, Enhanced: [3]int{4, 3, 2}, Times: 1},
	)
	others := numbered("reiziger%02d@voorbeeld.example", 30)
	in := install(t, server.URL(), slices.Concat(others, []string{"later1@voorbeeld.example", "later2@voorbeeld.example", "druk@voorbeeld.example", "nooit@voorbeeld.example"})...)
	in.start()
	mailing := in.send()
	m := in.await(mailing, func(m apiMailing) bool { return m.Open == 0 })
	if m.State != "sending" || m.Sent != 30 || m.Deferred != 3 || m.Failed != 1 || m.Uncertain != 0 {
		t.Errorf("after the first attempts: %+v", m)
	}
	if got := in.deliveries(mailing, "failed"); !slices.Equal(got, []string{"nooit@voorbeeld.example"}) {
		t.Errorf("failed: %v", got)
	}

	in.hoursLater(`UPDATE delivery SET next_at = 1 WHERE state = 3`)
	if m := in.await(mailing, isSent); m.Sent != 33 || m.Failed != 1 {
		t.Errorf("hours later: %+v", m)
	}
	for _, to := range in.people {
		if n := len(server.Messages(to)); n != 1 && !strings.HasPrefix(to, "nooit") {
			t.Errorf("%s got %d mails", to, n)
		}
	}
}

// hoursLater stops the server, makes what waits for a time due, which stands
// for the hours passing, and starts it again.
func (in *installation) hoursLater(statement string) {
	in.t.Helper()
	in.must(in.terminate())
	db, err := sql.Open("sqlite", in.path("akkoord.db"))
	in.must(err)
	_, err = db.ExecContext(in.t.Context(), statement)
	in.must(errors.Join(err, db.Close()))
	in.start()
}

// An answer that is lost after the final dot leaves a campaign mail uncertain,
// and it is not sent again before somebody decides; a confirmation mail is, as
// the same message (P08).
func TestP08LostAnswerIsUncertainForACampaignAndRepeatedForAConfirmation(t *testing.T) {
	t.Parallel()
	server := relay(t,
		mailertest.Rule{Stage: mailertest.AtDot, Match: "reiziger11", Do: mailertest.Drop, Times: 1},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "bezoeker", Do: mailertest.Drop, Times: 1},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "wachter", Do: mailertest.Hang, Times: 1},
	)
	in := install(t, server.URL(), numbered("reiziger%02d@voorbeeld.example", 30)...)
	in.start()
	mailing := in.send()
	m := in.await(mailing, isSent)
	if m.Sent != 29 || m.Uncertain != 1 {
		t.Errorf("%+v", m)
	}
	if got := in.deliveries(mailing, "uncertain"); !slices.Equal(got, []string{"reiziger11@voorbeeld.example"}) {
		t.Errorf("uncertain: %v", got)
	}
	again := func(n int) error {
		return in.api("POST", "/mailings/"+mailing+"/send-again", map[string]int{"uncertain": n}, nil)
	}
	if err := again(2); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("another number than there is gave %v", err)
	}
	in.receives(server, "reiziger11@voorbeeld.example", 1)
	in.must(again(1))
	if m = in.await(mailing, isSent); m.Sent != 30 || m.Uncertain != 0 {
		t.Errorf("sent again: %+v", m)
	}
	if err := again(1); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("a second press gave %v", err)
	}
	in.receives(server, "reiziger11@voorbeeld.example", 2)

	in.signUp("bezoeker@voorbeeld.example")
	in.receives(server, "bezoeker@voorbeeld.example", 1)
	in.hoursLater(`UPDATE outbox SET due_at = 1 WHERE state = 0`)
	in.receives(server, "bezoeker@voorbeeld.example", 2)

	// The process dies while it waits for an answer that never comes.
	in.signUp("wachter@voorbeeld.example")
	in.receives(server, "wachter@voorbeeld.example", 1)
	in.kill()
	in.start()
	in.receives(server, "wachter@voorbeeld.example", 2)

	for _, to := range in.people {
		if n := len(server.Messages(to)); n != 1 && to != "reiziger11@voorbeeld.example" {
			t.Errorf("%s got the mailing %d times", to, n)
		}
	}
}

// receives waits until n mails came to somebody, which are all one message.
func (in *installation) receives(server *mailertest.Server, to string, n int) {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(in.t.Context(), patience)
	defer cancel()
	messages, err := server.Wait(ctx, to, n)
	in.must(err)
	if len(messages) != n {
		in.t.Errorf("%d mails, not %d", len(messages), n)
	}
	first, err := parseMail(messages[0])
	in.must(err)
	for _, m := range messages {
		l, err := parseMail(m)
		in.must(err)
		if id := l.header("Message-Id"); id == "" || id != first.header("Message-Id") {
			in.t.Errorf("sent again as another message: %q after %q", id, first.header("Message-Id"))
		}
	}
}

// A second process on the database is refused at once with the first one's
// pid, and told what to do; commands that only look run beside it; a killed
// process blocks nobody (P18).
func TestP18SecondProcessIsRefusedWithThePid(t *testing.T) {
	t.Parallel()
	sink := startSink(t)
	in := install(t, sink.url(connections), "anouk@voorbeeld.example")
	in.start()
	pid := fmt.Sprintf("process %d ", in.cmd.Process.Pid)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, args := range [][]string{
		{"serve"}, {"migrate"}, {"key", "add", "--name", "n", "--role", "owner", "--reason", "A second one."},
		{"user", "add", "--email", "b@voorbeeld.example", "--role", "owner", "--reason", "A second one."}, {"export", "--email", "anouk@voorbeeld.example"}, {"release"}, {"journal", "export"},
	} {
		began := time.Now()
		out, err := in.command(ctx, args...).CombinedOutput()
		took := time.Since(began)
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), pid) {
			t.Errorf("%v beside the server: %v %s", args, err, out)
		}
		if took > 2*time.Second { // the promise
			t.Errorf("%v was refused after %v", args, took)
		}
	}
	for _, args := range [][]string{{"ledger", "verify"}, {"migrate", "--status"}} {
		if out, err := in.command(ctx, args...).CombinedOutput(); err != nil {
			t.Errorf("%v beside the server: %v %s", args, err, out)
		}
	}
	if out, err := in.command(ctx, "doctor").CombinedOutput(); !strings.Contains(string(out), "database") {
		t.Errorf("doctor beside the server: %v %s", err, out)
	}
	in.kill()
	in.start()
	if !in.allowed("anouk@voorbeeld.example") {
		t.Error("after a kill and a start somebody is not known")
	}
}
