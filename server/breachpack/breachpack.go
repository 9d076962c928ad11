// Package breachpack puts together what has to be at hand within 72 hours of a
// breach of personal data (Art. 33 and 34 GDPR): the facts, whose data it is
// about, who saw it in that time, and drafts of the letters.
package breachpack

import (
	"archive/zip"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/template"
	"time"

	"akkoord"
)

//go:embed *.txt
var files embed.FS

var letters = template.Must(template.New("").Funcs(template.FuncMap{
	"day":    func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	"moment": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
}).ParseFS(files, "*.txt"))

// Fields are the kinds of personal data on record, as docs/data-protection.md
// explains them.
var Fields = []string{
	"email", "name", "locale", "interests", "attributes", "consents per purpose with basis and time", "campaigns left", "suppressions",
	"evidence of acts (address typed, shortened network address, user agent)", "deliveries of mailings with times and the relay's replies",
	"transactional mails in the log",
}

// Pack is what a pack is made from.
type Pack struct {
	Breach akkoord.Breach
	Sender akkoord.Sender
	// People calls for each of those concerned; Addresses says whether their
	// addresses are in the list, or their ids alone.
	People    func(func(akkoord.BreachPerson) error) error
	Addresses bool
	// Accesses are the lines of the audit trail of that time, with public names.
	Accesses []akkoord.AuditEntry
}

// facts are what the templates and facts.json say.
type facts struct {
	akkoord.Breach `json:"-"`

	ID         akkoord.ID     `json:"id"`
	What       string         `json:"what"`
	Scope      string         `json:"people"`
	Count      int64          `json:"count"`
	Since      akkoord.Moment `json:"since"`
	Until      akkoord.Moment `json:"until"`
	AwareAt    akkoord.Moment `json:"aware_at"`
	ReportBy   akkoord.Moment `json:"report_by"`
	ReportedAt akkoord.Moment `json:"reported_at"`
	Fields     []string       `json:"fields"`
	Accesses   int            `json:"accesses"`
	Controller string         `json:"controller"`
}

// letter is what a draft is filled with.
type letter struct {
	akkoord.Breach
	Controller, Address, Contact string
}

// Write writes the pack as a zip.
func (p Pack) Write(w io.Writer) error {
	z := zip.NewWriter(w)
	b := p.Breach
	parts := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"facts.json", func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(facts{
				ID: b.PublicID, What: b.What, Scope: b.Scope, Count: b.People, Since: akkoord.Moment{Time: b.Since}, Until: akkoord.Moment{Time: b.Until},
				AwareAt: akkoord.Moment{Time: b.AwareAt}, ReportBy: akkoord.Moment{Time: b.ReportBy()}, ReportedAt: akkoord.Moment{Time: b.ReportedAt},
				Fields: Fields, Accesses: len(p.Accesses), Controller: p.Sender.Controller,
			})
		}},
		{"people.csv", p.writePeople},
		{"access.csv", p.writeAccesses},
	}
	draft := letter{b, p.Sender.Controller, p.Sender.PostalAddress, p.Sender.Contact}
	for _, name := range []string{"letter.nl.txt", "letter.en.txt", "letter.de.txt", "letter.fr.txt", "authority.nl.txt", "authority.en.txt"} {
		parts = append(parts, struct {
			name  string
			write func(io.Writer) error
		}{name, func(w io.Writer) error { return letters.ExecuteTemplate(w, name, draft) }})
	}
	for _, part := range parts {
		out, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: b.MadeAt.UTC()})
		if err == nil {
			err = part.write(out)
		}
		if err != nil {
			return fmt.Errorf("breach pack, %s: %w", part.name, err)
		}
	}
	return z.Close()
}

func (p Pack) writePeople(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"id", "locale"}
	if p.Addresses {
		head = append(head, "email")
	}
	_ = out.Write(head) // Error tells
	err := p.People(func(who akkoord.BreachPerson) error {
		row := []string{who.ID.String(), who.Locale}
		if p.Addresses {
			row = append(row, akkoord.PlainCell(who.Email))
		}
		return out.Write(row)
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

func (p Pack) writeAccesses(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"seq", "at", "actor", "action", "object", "note"}) // Error tells
	for _, e := range p.Accesses {
		_ = out.Write([]string{strconv.FormatInt(e.Seq, 10), akkoord.Moment{Time: e.At}.String(), string(e.Actor), e.Action, e.Object, akkoord.PlainCell(e.Note)})
	}
	out.Flush()
	return out.Error()
}
