package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Check is one thing that the process must be able to do. Run gives nil, or
// says what is wrong in words that hold no personal data and no secret: they
// are the answer of /readyz.
type Check struct {
	Name string // one word
	Run  func(context.Context) error
	// Vital is set where a Run that never returns means that only a new process
	// helps. A Run that returns an error doesn't: a full disk is no better
	// after a restart.
	Vital bool
}

const (
	readyWait = 5 * time.Second  // how long /readyz waits for a check
	aliveWait = time.Second      // how long /healthz does
	stuckFor  = 20 * time.Second // how long a vital check may run before the process counts as stuck
)

// health asks checks. Each runs at most once at a time, so that one that is
// stuck piles nothing up.
type health struct {
	now    func() time.Time
	log    *slog.Logger
	checks []*probe
}

func newHealth(now func() time.Time, log *slog.Logger, checks []Check) *health {
	h := &health{now: now, log: log}
	for _, c := range checks {
		h.checks = append(h.checks, &probe{Check: c, now: now})
	}
	return h
}

// probe is a check with its run in progress.
type probe struct {
	Check
	now func() time.Time
	mu  sync.Mutex
	run *probeRun // the last one
}

type probeRun struct {
	began time.Time
	done  chan struct{}
	err   error // to be read once done is closed
}

var errNoAnswer = errors.New("no answer yet")

// ask runs the check, or waits with others for the run in progress, until ctx
// ends: then the error is errNoAnswer. It also gives since when the run goes on.
func (p *probe) ask(ctx context.Context) (time.Time, error) {
	r := p.begin(ctx)
	select {
	case <-r.done:
		return r.began, r.err
	case <-ctx.Done():
	}
	select {
	case <-r.done:
		return r.began, r.err
	default:
		return r.began, errNoAnswer
	}
}

func (p *probe) begin(ctx context.Context) *probeRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.run; r != nil {
		select {
		case <-r.done:
		default:
			return r
		}
	}
	r := &probeRun{began: p.now(), done: make(chan struct{})}
	p.run = r
	go func() {
		defer close(r.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWait)
		defer cancel()
		r.err = p.Run(ctx)
	}()
	return r
}

// verdict is what /readyz says of one check.
type verdict struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// ready answers 200 when all checks succeed, else 503, with a line for each
// check; as JSON where that is asked for. ?exclude=NAME, repeatable, leaves a
// check out: a proxy must not take every node away for a backup that is old.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWait)
	defer cancel()
	without := r.URL.Query()["exclude"]
	checks := slices.DeleteFunc(slices.Clone(h.checks), func(p *probe) bool { return slices.Contains(without, p.Name) })
	verdicts := make([]verdict, len(checks))
	var all sync.WaitGroup
	for i, p := range checks {
		all.Go(func() {
			v := verdict{Name: p.Name, OK: true}
			if _, err := p.ask(ctx); err != nil {
				v.OK, v.Error = false, err.Error()
			}
			verdicts[i] = v
		})
	}
	all.Wait()
	code := http.StatusOK
	for _, v := range verdicts {
		if !v.OK {
			h.log.Warn("not ready", "check", v.Name, "error", v.Error)
			code = http.StatusServiceUnavailable
		}
	}
	h.tell(w, r, code, verdicts)
}

func (h *health) tell(w http.ResponseWriter, r *http.Request, code int, verdicts []verdict) {
	if code != http.StatusOK {
		w.Header().Set("Retry-After", "5")
	}
	if strings.Contains(r.Header.Get("Accept"), "json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(map[string]any{"ready": code == http.StatusOK, "checks": verdicts}) //nolint:errcheck // the client is gone
		return
	}
	text := "ready\n"
	if code != http.StatusOK {
		text = "not ready\n"
	}
	for _, v := range verdicts {
		if v.OK {
			text += "ok " + v.Name + "\n"
		} else {
			text += "fail " + v.Name + ": " + strings.ReplaceAll(v.Error, "\n", " ") + "\n"
		}
	}
	answer(w, code, text)
}

// alive answers 503 when a vital check has been running for so long that it
// will never end. It doesn't wait for that.
func (h *health) alive(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), aliveWait)
	defer cancel()
	for _, p := range h.checks {
		if !p.Vital {
			continue
		}
		began, err := p.ask(ctx)
		if stuck := h.now().Sub(began); errors.Is(err, errNoAnswer) && stuck >= stuckFor {
			h.log.Error("stuck", "check", p.Name, "for", stuck.Round(time.Second))
			answer(w, http.StatusServiceUnavailable, fmt.Sprintf("stuck: %s has not answered for %v\n", p.Name, stuck.Round(time.Second)))
			return
		}
	}
	answer(w, http.StatusOK, "ok\n")
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", plainText)
	w.WriteHeader(code)
	w.Write([]byte(text)) //nolint:errcheck // the client is gone
}
