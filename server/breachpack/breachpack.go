// Package breachpack puts together what has to be at hand within 72 hours of a
// breach of personal data (Art. 33 and 34 GDPR): the facts, whose data it is
// about, who saw it in that time, and drafts of the letters.
package breachpack

import (
	"archive/zip"
	"context"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/template"
	"time"

	"akkoord"
	"akkoord/server/trail"
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

// Store is what a pack is read from.
type Store interface {
	trail.Lines
	BreachPeople(ctx context.Context, b akkoord.Breach, each func(akkoord.BreachPerson) error) error
}

// Pack is what a pack is made from.
type Pack struct {
	Store     Store
	Breach    akkoord.Breach
	Sender    akkoord.Sender
	Addresses bool // the list of people has addresses too, and not their ids alone
}

// Name is what the file is called.
func (p Pack) Name() string { return "breach-" + p.Breach.AwareAt.UTC().Format(time.DateOnly) + ".zip" }

// Fields are the fields of everybody that whoever takes the pack must be
// granted (M26), to be asked before the first byte is written.
func (p Pack) Fields() []akkoord.GrantField {
	if p.Addresses {
		return []akkoord.GrantField{akkoord.FieldAddress}
	}
	return nil
}

// Note is what the line about the pack in the audit trail says of it.
func (p Pack) Note() string {
	if p.Addresses {
		return "addresses"
	}
	return "ids"
}

// facts are what the templates and facts.json say.
type facts struct {
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

// Write writes the pack as a zip. People and accesses are written as they are
// read, however many there are; the facts, which count them, come last.
func (p Pack) Write(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	b := p.Breach
	type part struct {
		name  string
		write func(io.Writer) error
	}
	accesses := 0
	parts := []part{
		{"people.csv", func(w io.Writer) error { return p.writePeople(ctx, w) }},
		{"access.csv", func(w io.Writer) (err error) {
			accesses, err = trail.WriteCSV(ctx, w, p.Store, akkoord.AuditFilter{From: b.Since, To: b.Until})
			return err
		}},
	}
	draft := letter{b, p.Sender.Controller, p.Sender.PostalAddress, p.Sender.Contact}
	for _, name := range []string{"letter.nl.txt", "letter.en.txt", "letter.de.txt", "letter.fr.txt", "authority.nl.txt", "authority.en.txt"} {
		parts = append(parts, part{name, func(w io.Writer) error { return letters.ExecuteTemplate(w, name, draft) }})
	}
	parts = append(parts, part{"facts.json", func(w io.Writer) error { return p.writeFacts(w, accesses) }})
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

func (p Pack) writeFacts(w io.Writer, accesses int) error {
	b := p.Breach
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(facts{
		ID: b.PublicID, What: b.What, Scope: b.Scope, Count: b.People, Since: akkoord.Moment{Time: b.Since}, Until: akkoord.Moment{Time: b.Until},
		AwareAt: akkoord.Moment{Time: b.AwareAt}, ReportBy: akkoord.Moment{Time: b.ReportBy()}, ReportedAt: akkoord.Moment{Time: b.ReportedAt},
		Fields: Fields, Accesses: accesses, Controller: p.Sender.Controller,
	})
}

func (p Pack) writePeople(ctx context.Context, w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"id", "locale"}
	if p.Addresses {
		head = append(head, "email")
	}
	_ = out.Write(head) // Error tells
	err := p.Store.BreachPeople(ctx, p.Breach, func(who akkoord.BreachPerson) error {
		row := []string{who.ID.String(), who.Locale}
		if p.Addresses {
			row = append(row, akkoord.PlainCell(who.Email))
		}
		return out.Write(row)
	})
	out.Flush()
	return errors.Join(err, out.Error())
}
