package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"math"

	"akkoord"
)

// head is the signed head of the ledger: whoever keeps one can later tell
// whether the lines up to it were altered.
type head struct {
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash" doc:"SHA-256 in hexadecimal."`
	At        *Time  `json:"at"`
	Signature string `json:"signature" doc:"Ed25519 (RFC 8032), in base64."`
	Key       string `json:"key_fingerprint" doc:"SHA-256 of the public key that signed, in hexadecimal."`
}

func (a *API) readHead(ctx context.Context, _ *struct{}) (head, error) {
	h, err := a.cfg.Store.SignHead(ctx)
	return head{h.Seq, hex.EncodeToString(h.Hash[:]), when(h.At), base64.StdEncoding.EncodeToString(h.Signature), a.cfg.KeyFingerprint}, err
}

// Checking checks the whole ledger.
type Checking interface {
	// CheckLedger checks a small ledger at once, and has a job check one of many lines.
	CheckLedger(ctx context.Context, actor akkoord.Actor) (akkoord.LedgerCheck, error)
	LedgerCheck(ctx context.Context, id akkoord.ID) (akkoord.LedgerCheck, error)
	LedgerChecks(ctx context.Context, p akkoord.Page) (checks []akkoord.LedgerCheck, next int64, err error)
}

// verification is a check of the whole ledger: how far it is, or what it came to.
type verification struct {
	ID       akkoord.ID `json:"id" format:"uuid"`
	State    string     `json:"state" enum:"running,verified,broken,stopped" doc:"broken: something does not verify; stopped: the check failed again and again, and says nothing of the ledger."`
	Verified *bool      `json:"verified" doc:"Null while it runs, and where it was stopped."`
	Lines    int64      `json:"lines" doc:"The last line of the ledger that was checked; of one that does not verify, 0."`
	Hash     *string    `json:"hash" doc:"Of that line, in hexadecimal: it is the same in a signed head of that line. Null without one."`
	Problem  string     `json:"problem" doc:"Which line does not verify, and why; empty where all do."`
	Done     int64      `json:"done" doc:"Lines of the ledger and of the audit trail that were looked at; where everybody stands is part of it, eight people for a line, which takes about as long."`
	Total    int64      `json:"total" doc:"Of them when the check began; 0: it waits for its turn."`
	ETA      *int64     `json:"eta_seconds" doc:"From the speed of the present run; null while unknown, and when nothing runs."`
	By       string     `json:"by" doc:"Who asked for it."`
	BegunAt  *Time      `json:"begun_at"`
	At       *Time      `json:"at" doc:"When it ended; null while it runs."`
}

// showChecks shows checks, with who asked for them.
func (a *API) showChecks(ctx context.Context, rows ...akkoord.LedgerCheck) (func(akkoord.LedgerCheck) verification, error) {
	var actors []string
	for _, c := range rows {
		actors = append(actors, string(c.Actor))
	}
	names, err := a.cfg.Store.PublicNames(ctx, actors)
	return func(c akkoord.LedgerCheck) verification {
		v := verification{
			ID: c.PublicID, State: string(c.State), Lines: c.Head.Seq, Problem: c.Problem, Done: c.Done, Total: c.Total,
			By: publicName(names, string(c.Actor)), BegunAt: when(c.CreatedAt), At: when(c.EndedAt),
		}
		if verified := c.State == akkoord.LedgerVerified; verified || c.State == akkoord.LedgerBroken {
			v.Verified = &verified
		}
		if c.Head.Seq > 0 {
			hash := hex.EncodeToString(c.Head.Hash[:])
			v.Hash = &hash
		}
		if left, known := c.Remaining(); known {
			seconds := int64(math.Ceil(left.Seconds()))
			v.ETA = &seconds
		}
		return v
	}, err
}

// verifyLedger checks the ledger from its first line, as akkoord ledger verify does.
func (a *API) verifyLedger(ctx context.Context, _ *struct{}) (verification, error) {
	c, err := a.cfg.Store.CheckLedger(ctx, caller(ctx).Actor())
	if err != nil {
		return verification{}, err
	}
	show, err := a.showChecks(ctx, c)
	return show(c), err
}

func (a *API) listChecks(ctx context.Context, in *struct{ Paging }) (list[verification], error) {
	page, err := in.page()
	if err != nil {
		return list[verification]{}, err
	}
	rows, next, err := a.cfg.Store.LedgerChecks(ctx, page)
	if err != nil {
		return list[verification]{}, err
	}
	show, err := a.showChecks(ctx, rows...)
	return newList(rows, next, show), err
}

func (a *API) readCheck(ctx context.Context, in *ByID) (verification, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return verification{}, err
	}
	c, err := a.cfg.Store.LedgerCheck(ctx, id)
	if err != nil {
		return verification{}, err
	}
	show, err := a.showChecks(ctx, c)
	return show(c), err
}
