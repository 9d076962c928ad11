package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"akkoord"
	"akkoord/server/breachpack"
)

type breachPackCommand struct {
	databaseSettings
	Controller     string `env:"AKKOORD_CONTROLLER" help:"Legal name of the controller, in the letters." group:"Settings"`
	PostalAddress  string `env:"AKKOORD_POSTAL_ADDRESS" help:"Its postal address." group:"Settings"`
	PrivacyContact string `env:"AKKOORD_PRIVACY_CONTACT" help:"Its contact for privacy." group:"Settings"`
	From           string `required:"" help:"Since when the data may have been seen, lost or changed: a day (from 00:00 UTC) or a time, like 2026-11-24 or 2026-11-24T09:30:00Z." placeholder:"TIME"`
	Until          string `required:"" help:"Until when: a day (to its end, UTC) or a time." placeholder:"TIME"`
	What           string `required:"" help:"What happened, in a sentence without names; it is kept on record."`
	People         string `default:"all" help:"Whose data: all, purpose:SLUG or mailing:UUID."`
	AwareAt        string `help:"When you learned of it: a day or a time; now when left out. The 72 hours begin with it." placeholder:"TIME"`
	Addresses      bool   `help:"The list of people has addresses too, and not their ids alone."`
	Output         string `required:"" short:"o" help:"Zip file to write, mode 0600." type:"path" placeholder:"FILE.zip"`
	Force          bool   `help:"Replace the file when there is one."`
}

// Run puts the breach on record and writes its pack (Art. 33 and 34 GDPR).
func (c *breachPackCommand) Run(ctx context.Context, std streams) error {
	if err := unused(c.Output, c.Force); err != nil {
		return err
	}
	b := akkoord.Breach{What: c.What, Scope: c.People}
	for _, f := range []struct {
		flag, text string
		end        bool // a day means its end
		to         *time.Time
	}{{"--from", c.From, false, &b.Since}, {"--until", c.Until, true, &b.Until}, {"--aware-at", c.AwareAt, false, &b.AwareAt}} {
		at, err := dayOrTime(f.text, f.end)
		if err != nil {
			return usageError{fmt.Errorf("%s: %w", f.flag, err)}
		}
		*f.to = at
	}
	if now := time.Now(); b.Until.After(now) && b.Since.Before(now) {
		b.Until = now // the rest of today has no accesses yet
	}
	st, err := c.open(ctx, "use POST /api/v1/breach-packs of that server")
	if err != nil {
		return err
	}
	defer st.Close()
	if b, err = st.AddBreach(ctx, commandActor, b); err != nil {
		if akkoord.KindOf(err) == akkoord.Invalid {
			return usageError{err}
		}
		return err
	}
	stored, err := st.Organisation(ctx)
	if err != nil {
		return err
	}
	by := akkoord.Organisation{Controller: c.Controller, PostalAddress: c.PostalAddress, Contact: c.PrivacyContact}.Or(stored)
	pack := breachpack.Pack{Store: st, Breach: b, Sender: akkoord.Sender{Controller: by.Controller, PostalAddress: by.PostalAddress, Contact: by.Contact}, Addresses: c.Addresses}
	if err := st.Audit(ctx, commandActor, "breach.pack", "breach:"+b.PublicID.String(), pack.Note()); err != nil {
		return err
	}
	if err := replaceWith(c.Output, func(w io.Writer) error { return pack.Write(ctx, w) }); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s holds the facts, %d people, who saw data in that time, and drafts of the letters. Keep it safe, and no longer than needed.\n", c.Output, b.People)
	fmt.Fprintf(std.out, "The authority has to be told by %s UTC, unless there is no risk for anybody (Art. 33 GDPR).\n", b.ReportBy().UTC().Format("2006-01-02 15:04"))
	return nil
}

// dayOrTime reads a day or a time of a flag; none is zero.
func dayOrTime(text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("write it like 2026-11-24 or 2026-11-24T09:30:00Z")
	}
	return at, nil
}
