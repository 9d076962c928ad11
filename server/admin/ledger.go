package admin

import (
	"fmt"
	"net/http"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

const (
	ledgerPath    = privacyPrefix + "/ledger"
	ledgerRefresh = 3 // seconds between two looks at a check
)

// ledger shows the last signed head, and what checks of every line of ledger and
// audit trail came to.
func (s *Site) ledger(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	head, err := s.cfg.Store.LedgerHead(ctx)
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		return err
	}
	page := templates.LedgerPage{Admin: s.frame(r, v, "privacy"), Seq: int(head.Seq), At: head.At, Fingerprint: s.cfg.KeyFingerprint}
	if head.Seq > 0 {
		page.Hash = fmt.Sprintf("%x", head.Hash)
	}
	checks, next, err := s.cfg.Store.LedgerChecks(ctx, after(r))
	if err != nil {
		return err
	}
	who, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	for _, c := range checks {
		row := templates.LedgerCheckRow{
			State: string(c.State), By: who.name(c.Actor), At: c.CreatedAt, EndedAt: c.EndedAt, Lines: int(c.Head.Seq), Looked: int(c.Done), Total: int(c.Total), Problem: c.Problem,
		}
		if c.Head.Seq > 0 {
			row.Hash = fmt.Sprintf("%x", c.Head.Hash)
		}
		row.Left, _ = c.Remaining()
		page.Checks = append(page.Checks, row)
	}
	if r.URL.Query().Get("after") == "" && len(page.Checks) > 0 {
		page.Last = &page.Checks[0]
		if page.Last.Busy() {
			page.Follow = follow(r, ledgerRefresh)
		}
	}
	if next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	return s.page(w, v, http.StatusOK, page)
}

// verify checks the ledger: a small one before the answer, one of many lines in
// the background.
func (s *Site) verify(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := s.cfg.Store.CheckLedger(r.Context(), v.user.Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, ledgerPath, http.StatusSeeOther)
	return nil
}
