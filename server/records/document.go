package records

import (
	"strconv"
	"strings"

	"akkoord/pdf"
	"akkoord/templates"
)

// PDF writes the record as a document to file.
func PDF(set *templates.Set, r templates.Record) ([]byte, error) {
	t := func(key string, args ...any) string { return set.T(r.Language, "records."+key, args...) }
	d := pdf.New(pdf.About{Title: t("title"), Author: r.Controller, Language: r.Language, MadeAt: r.MadeAt.Time, Footer: t("title"), Page: t("page")})
	d.Title(t("title"))
	d.Paragraph(t("lede"))
	d.Facts(
		pdf.Fact{Label: t("controller"), Value: r.Controller}, pdf.Fact{Label: t("address"), Value: r.Address}, pdf.Fact{Label: t("contact"), Value: r.Contact},
		pdf.Fact{Label: t("officer"), Value: r.Officer}, pdf.Fact{Label: t("made_at"), Value: r.MadeAt.UTC().Format("2006-01-02 15:04 UTC")},
	)
	if len(r.Missing) > 0 {
		d.Heading(t("missing"))
		items(d, r.Missing)
	}
	for _, a := range r.Activities {
		d.Heading(a.Name)
		d.Facts(
			pdf.Fact{Label: t("why"), Value: a.Why}, pdf.Fact{Label: t("basis"), Value: lines(a.Basis)}, pdf.Fact{Label: t("people"), Value: lines(a.People)},
			pdf.Fact{Label: t("data"), Value: lines(a.Data)}, pdf.Fact{Label: t("kept"), Value: lines(a.Kept)}, pdf.Fact{Label: t("recipients"), Value: recipients(a.Recipients, t)},
		)
	}
	d.Heading(t("security"))
	items(d, r.Security)
	if len(r.Access) > 0 {
		d.Heading(t("access"))
		var rows [][]string
		for _, a := range r.Access {
			rows = append(rows, []string{a.Name, strconv.Itoa(a.Users), strconv.Itoa(a.Keys)})
		}
		d.Table([]pdf.Column{{Name: t("role"), Width: 3}, {Name: t("users"), Width: 1}, {Name: t("keys"), Width: 1}}, rows)
	}
	return d.Bytes()
}

func items(d *pdf.Document, all []templates.Said) {
	for _, s := range all {
		d.Item("•", s.Text)
	}
}

func lines(all []templates.Said) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.Text
	}
	return strings.Join(texts, "\n")
}

func recipients(all []templates.RecordParty, t func(string, ...any) string) string {
	if len(all) == 0 {
		return t("recipients_none")
	}
	var out []string
	for _, p := range all {
		parts := []string{p.Name + " (" + p.Does + ")"}
		if p.Country != "" {
			parts = append(parts, p.Country)
		}
		if p.Outside {
			parts = append(parts, t("outside"))
		}
		if p.Until != "" {
			parts = append(parts, t("agreement_until", "Day", p.Until))
		}
		if p.Document != "" {
			parts = append(parts, t("document", "Document", p.Document))
		}
		out = append(out, strings.Join(parts, ", "))
	}
	return strings.Join(out, "\n")
}
