package mailer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// M.7, D.5: the whole matrix of stage and code.
func TestStageAndCodeDecideTheOutcome(t *testing.T) {
	stages := []Stage{StageConnect, StageGreeting, StageTLS, StageAuth, StageMail, StageRcpt, StageData, StageBody}
	relay := func(o string) map[Stage]string {
		return map[Stage]string{StageConnect: o, StageGreeting: o, StageTLS: o, StageAuth: o, StageMail: o}
	}
	with := func(m map[Stage]string, rcpt, data, body string) map[Stage]string {
		m[StageRcpt], m[StageData], m[StageBody] = rcpt, data, body
		return m
	}
	tests := map[string]map[Stage]string{
		"0 -":        with(relay("requeue wait"), "requeue wait", "requeue wait", "uncertain wait"),
		"250 2.0.0":  with(relay("requeue wait"), "requeue wait", "requeue wait", "sent"),
		"354 -":      with(relay("requeue wait"), "requeue wait", "requeue wait", "uncertain wait"),
		"421 4.3.2":  with(relay("requeue wait"), "requeue wait", "requeue wait", "deferred wait"),
		"450 4.2.0":  with(relay("requeue wait"), "deferred soft", "deferred soft", "deferred soft"),
		"451 4.7.1":  with(relay("requeue wait"), "deferred policy", "deferred policy", "deferred policy"),
		"550 5.1.1":  with(relay("requeue policy stop"), "failed hard", "failed hard", "failed hard"),
		"554 5.6.0":  with(relay("requeue policy stop"), "failed content", "failed content", "failed content"),
		"550 5.7.26": with(relay("requeue policy stop"), "deferred policy stop", "deferred policy stop", "deferred policy stop"),
		"530 -":      with(relay("requeue policy stop"), "deferred policy stop", "deferred policy stop", "deferred policy stop"),
		"550 -":      with(relay("requeue policy stop"), "failed soft", "failed soft", "failed soft"),
		"999 -":      with(relay("requeue wait"), "requeue wait", "requeue wait", "uncertain wait"),
	}
	for reply, want := range tests {
		var code int
		var enhanced string
		fmt.Sscanf(reply, "%d %s", &code, &enhanced)
		if enhanced == "-" {
			enhanced = ""
		}
		for _, stage := range stages {
			o := Classify(stage, code, enhanced, "")
			var parts []string
			for _, p := range []string{string(o.State), string(o.Class), string(o.Relay)} {
				if p != "" {
					parts = append(parts, p)
				}
			}
			if got := fmt.Sprint(parts); got != "["+want[stage]+"]" {
				t.Errorf("%s at %s = %s, want %s", reply, stage, got, want[stage])
			}
			if o.Relay == RelayStop && o.State == Failed {
				t.Errorf("%s at %s counts against the person", reply, stage)
			}
		}
	}
}

// J.4, J.5: enhanced code before reply code before words; what is about us is
// never held against the person.
func TestRefusalsAreClassedByWhomTheyTellSomethingAbout(t *testing.T) {
	tests := []struct {
		code           int
		enhanced, text string
		class          Class
		state          State
	}{
		{550, "5.1.1", "", ClassHard, Failed},
		{550, "5.1.2", "", ClassHard, Failed},
		{553, "5.1.3", "", ClassHard, Failed},
		{551, "5.1.6", "", ClassHard, Failed},
		{556, "5.1.10", "", ClassHard, Failed},
		{550, "5.2.1", "", ClassHard, Failed},
		{550, "5.4.1", "Recipient address rejected: Access denied", ClassHard, Failed},
		{550, "5.5.0", "Requested action not taken: mailbox unavailable", ClassHard, Failed},
		{550, "5.7.17", "", ClassHard, Failed},
		{550, "5.4.1", "no answer from host", ClassSoft, Failed},
		{552, "5.2.2", "mailbox full", ClassSoft, Failed},
		{550, "5.4.4", "", ClassSoft, Failed},
		{550, "5.1.0", "", ClassSoft, Failed},
		{550, "5.1.7", "", ClassPolicy, Deferred},
		{550, "5.1.8", "", ClassPolicy, Deferred},
		{550, "5.7.1", "user unknown", ClassPolicy, Deferred},
		{550, "5.7.515", "", ClassPolicy, Deferred},
		{503, "5.5.1", "", ClassPolicy, Failed},
		{554, "5.6.0", "", ClassContent, Failed},
		{552, "5.2.3", "", ClassContent, Failed},
		{552, "5.3.4", "", ClassContent, Failed},
		{550, "", "No such user here", ClassHard, Failed},
		{550, "5.0.0", "User unknown", ClassHard, Failed},
		{550, "", "SPF check failed, user unknown", ClassPolicy, Deferred},
		{554, "", "Relaying denied", ClassPolicy, Deferred},
		{552, "", "over quota", ClassSoft, Failed},
		{554, "", "", ClassSoft, Failed},
	}
	for _, tt := range tests {
		for _, stage := range []Stage{StageRcpt, StageBody} {
			o := Classify(stage, tt.code, tt.enhanced, tt.text)
			if o.Class != tt.class || o.State != tt.state {
				t.Errorf("%d %s %q at %s: %s %s, want %s %s", tt.code, tt.enhanced, tt.text, stage, o.State, o.Class, tt.state, tt.class)
			}
		}
	}
}

// M.8: 5, 15, 30 minutes, 1, 2, 4 hours; mean gap at least 30 minutes after the first two.
func TestBackoffOfOnePerson(t *testing.T) {
	var mean []time.Duration
	for attempt := range 9 {
		lo, mid, hi := Backoff(attempt, 0), Backoff(attempt, 0.5), Backoff(attempt, 0.999)
		if lo > mid || mid > hi || hi > 4*time.Hour || lo == hi {
			t.Errorf("attempt %d: %v, %v, %v", attempt, lo, mid, hi)
		}
		mean = append(mean, mid.Round(time.Second))
	}
	m, h := time.Minute, time.Hour
	if diff := cmp.Diff([]time.Duration{5 * m, 5 * m, 15 * m, 30 * m, h, 2 * h, 4 * h, 4 * h, 4 * h}, mean); diff != "" {
		t.Error(diff)
	}
}

// P10: the relay's pause grows to at most 15 minutes; at most ten connects in any hour.
func TestBackoffOfTheRelay(t *testing.T) {
	for _, rnd := range []float64{0, 0.5, 0.999} {
		var at time.Duration
		var connects []time.Duration
		for failures := 1; at < 3*time.Hour; failures++ {
			connects = append(connects, at)
			gap := RelayBackoff(failures, rnd)
			if gap <= 0 || gap > 15*time.Minute {
				t.Fatalf("after %d failures %v", failures, gap)
			}
			at += gap
		}
		for _, from := range connects {
			n := len(slices.DeleteFunc(slices.Clone(connects), func(c time.Duration) bool { return c < from || c >= from+time.Hour }))
			if n > 10 {
				t.Errorf("rnd %v: %d connects in the hour from %v", rnd, n, from)
			}
		}
	}
	if RelayBackoff(1000, 0.999) > 15*time.Minute || RelayBackoff(-1, 0) <= 0 {
		t.Error("out of range")
	}
}
