package admin

import (
	"context"
	"net/http"

	"akkoord"
	"akkoord/templates"
)

// findings adds to the page of a mailing that can still be changed what is to be
// said before it is sent. What forbids sending stands at the head of the page.
func (s *Site) findings(ctx context.Context, page *templates.MailingPage, m akkoord.Mailing) error {
	if m.State != akkoord.MailingDraft && m.State != akkoord.MailingScheduled && !m.Runs() {
		return nil
	}
	found, err := s.cfg.Mail.Checks(ctx, m, s.cfg.Sender())
	page.Checked = true
	for _, f := range found {
		if f.Severity != akkoord.SeverityStop {
			row := templates.FindingRow{Code: f.Code, Severity: string(f.Severity), Variant: f.Variant, Language: f.Language, Detail: f.Detail, Number: f.Number}
			if f.Language != "" && page.Edit != "" {
				row.URL = page.Edit + "?in=" + f.Language
			}
			page.Findings = append(page.Findings, row)
		}
	}
	return err
}

// askLinks draws the page of a mailing again, with what its links answer now.
func (s *Site) askLinks(w http.ResponseWriter, r *http.Request, v visit, m akkoord.Mailing) error {
	answers, err := s.cfg.Mail.Answers(r.Context(), m)
	if err != nil {
		return err
	}
	report := &templates.LinkReport{}
	for _, a := range answers {
		if a.Code == "" {
			report.Fine++
			continue
		}
		report.Faults = append(report.Faults, templates.LinkFault{URL: a.URL, Code: string(a.Code), Status: a.Status})
	}
	return s.mailingPage(w, r, v, m, report)
}
