package api

import (
	"context"
	"sync"

	"akkoord"
)

// Reporting records bounces and complaints.
type Reporting interface {
	TakeReport(ctx context.Context, r akkoord.Report) (akkoord.TakenReport, error)
}

// takenReport is the answer to POST /bounces. A message that does nothing is no
// error, so that no mail server sends it back.
type takenReport struct {
	Result string `json:"result" enum:"bounced,complained,ignored"`
	Class  string `json:"class,omitempty" doc:"Of a bounce: hard (the mailbox is not there), soft, policy (about the sender) or content (about the mail)."`
	Code   string `json:"code,omitempty" doc:"Why it was ignored: auto_reply, token_missing, token_invalid, unreadable, no_report, not_final, not_spam, unknown_mail, already."`
	At     *Time  `json:"at" doc:"When it was recorded."`
}

func (a *API) takeReport(ctx context.Context, in *struct {
	Rcpt string `query:"rcpt" doc:"Return path that it was delivered to; else X-Original-To, Delivered-To and To are looked at."`
}) (takenReport, error) {
	if a.cfg.ReadReport == nil {
		return takenReport{}, akkoord.Errorf(akkoord.Conflict, "return_path_missing", "Set AKKOORD_RETURN_PATH: no mail carries a return path that reports could name.")
	}
	message, err := messageOf(ctx)
	if err != nil {
		return takenReport{}, err
	}
	took, err := a.TakeReport(ctx, a.cfg.ReadReport(message, in.Rcpt))
	if err != nil {
		return takenReport{}, err
	}
	out := takenReport{Result: "ignored", Code: string(took.Code), At: when(took.At)}
	if took.Code == akkoord.ReportCounts {
		out.Result, out.Class = "bounced", string(took.Class)
		if took.Kind == akkoord.ReportComplaint {
			out.Result = "complained"
		}
	}
	return out, nil
}

// TakeReport records a report, from whichever door, and counts it for Reported.
func (a *API) TakeReport(ctx context.Context, r akkoord.Report) (akkoord.TakenReport, error) {
	took, err := a.cfg.Store.TakeReport(ctx, r)
	if err == nil {
		a.reports.add(took)
	}
	return took, err
}

// reportCounts counts reports since the process started.
type reportCounts struct {
	mu sync.Mutex
	n  map[string]uint64
}

func (c *reportCounts) add(r akkoord.TakenReport) {
	result := string(r.Code)
	if r.Code == akkoord.ReportCounts {
		result = string(r.Kind)
		if r.Kind == akkoord.ReportBounce {
			result = string(r.Class)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]uint64{}
	}
	c.n[result]++
}

// Reported counts the reports since the process started: bounces by class,
// complaints, and what was ignored by its code.
func (a *API) Reported() map[string]uint64 {
	out := map[string]uint64{}
	for _, class := range []akkoord.Class{akkoord.ClassHard, akkoord.ClassSoft, akkoord.ClassPolicy, akkoord.ClassContent} {
		out[string(class)] = 0
	}
	for _, name := range []string{string(akkoord.ReportComplaint), string(akkoord.ReportForged), string(akkoord.ReportNoToken)} {
		out[name] = 0
	}
	a.reports.mu.Lock()
	defer a.reports.mu.Unlock()
	for name, n := range a.reports.n {
		out[name] = n
	}
	return out
}
