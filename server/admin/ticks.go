package admin

import (
	"slices"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// fromCodes are the reasons against sending that are about who sends and by which
// mail server, and not about the mail.
var fromCodes = []string{"sender_incomplete", "no_relay", "no_agreement", "processor_ended", "agreement_not_begun", "agreement_expired"}

// waitingCodes are those that are about when, and not about the mail either.
var waitingCodes = []string{"purpose_archived", "campaign_archived", "segment_archived"}

// ticks adds to the page of a draft what somebody looks at once more before
// sending: to whom, from whom, the subject, the content. A mailing of a series has
// no people before it runs.
func (s *Site) ticks(page *templates.MailingPage, m akkoord.Mailing, written []string, sender string) {
	if _, err := m.State.Next("send"); err != nil || m.Trigger != nil {
		return
	}
	subjects, contents := true, true
	for i := range max(len(m.Variants), 1) {
		c := m.Variant(m.Latest() + i)
		_, err := akkoord.ParseTemplate(c.Subject)
		subjects = subjects && err == nil && strings.TrimSpace(c.Subject) != ""
		for _, text := range []string{c.Markdown, c.HTML} {
			_, err := akkoord.ParseTemplate(text)
			contents = contents && err == nil
		}
		contents = contents && c.Body()
	}
	from := true
	for _, b := range page.Blockers {
		switch {
		case slices.Contains(fromCodes, b.Code):
			from = false
		case subjects && !slices.Contains(waitingCodes, b.Code):
			contents = false // what composing it found
		}
	}
	if !from {
		sender = ""
	}
	if page.Later || page.Late {
		page.Ticks = []templates.Tick{{Key: "when", OK: !page.Late}}
	}
	page.Ticks = append(page.Ticks,
		templates.Tick{Key: "to", OK: page.AudienceAllowed > 0 || page.AudienceStep > 0}, templates.Tick{Key: "from", OK: from, Text: sender},
		templates.Tick{Key: "subject", OK: subjects, Text: m.Title(), Each: subjectLines(m, written)}, templates.Tick{Key: "content", OK: contents},
	)
}

// subjectLines gives the subject of each variant in each language, as its readers get
// it; none where there is one.
func subjectLines(m akkoord.Mailing, written []string) []templates.SubjectLine {
	if len(m.Variants) == 0 && len(written) < 2 {
		return nil
	}
	var out []templates.SubjectLine
	for i := range max(len(m.Variants), 1) {
		for _, locale := range written {
			line := templates.SubjectLine{Text: m.Text(m.Latest()+i, locale).Subject}
			if i < len(m.Variants) {
				line.Name = m.Variants[i].Name
			}
			if len(written) > 1 {
				line.Language = locale
			}
			out = append(out, line)
		}
	}
	return out
}
