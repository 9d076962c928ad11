package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"akkoord"
	"akkoord/dossier"
	"akkoord/templates"
)

type evidenceCommand struct {
	databaseSettings
	Email  string `required:"" help:"Address of the person."`
	Output string `required:"" short:"o" help:"Zip file to write, mode 0600." type:"path" placeholder:"FILE.zip"`
	Lang   string `enum:"nl,en,de,fr" default:"nl" help:"Language of what people read in it: nl, en, de or fr."`
}

func (c *evidenceCommand) Run(ctx context.Context, io streams) error {
	st, standing, err := c.recorded(ctx, c.Email, "use GET /api/v1/subscribers/{id}/evidence of that server")
	if err != nil {
		return err
	}
	defer st.Close()
	pages, err := readable()
	if err != nil {
		return err
	}
	file, err := st.EvidenceBundle(ctx, commandActor, standing.Subscriber.PublicID, "", pages.In(c.Lang))
	if errors.Is(err, akkoord.ErrBundle) {
		return fmt.Errorf("the record of this person does not verify, so no proof of it can be given; see akkoord ledger verify (%w)", err)
	}
	if err != nil {
		return err
	}
	if err := replacePrivate(c.Output, file); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s holds the proof, checked. It is personal data: keep it safe, and no longer than needed.\n", c.Output)
	fmt.Fprintf(io.out, "Anybody can check it without the database: akkoord ledger verify %s\n", c.Output)
	return nil
}

// readable writes what people read in a bundle.
func readable() (dossier.Writer, error) {
	set, err := templates.New()
	if err != nil {
		return dossier.Writer{}, err
	}
	home, err := time.LoadLocation(akkoord.HomeZone)
	return dossier.Writer{Set: set, Zone: home}, err
}

type ledgerVerifyCommand struct {
	databaseSettings
	File           string `arg:"" optional:"" help:"An evidence bundle to check instead; no database is opened." type:"path"`
	KeyFingerprint string `help:"Fingerprint of the key that must have signed the bundle." placeholder:"HEX"`
}

func (c *ledgerVerifyCommand) Run(ctx context.Context, io streams) error {
	if c.File != "" {
		return c.verifyBundle(io)
	}
	if c.KeyFingerprint != "" {
		return usageError{errors.New("--key-fingerprint is for an evidence bundle; name its file")}
	}
	st, err := c.openReadOnly(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	head, err := st.VerifyLedger(ctx, progress(io.err, "lines"))
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "The ledger verifies: %d lines, last hash %x.\n", head.Seq, head.Hash)
	return nil
}

// verifyBundle prints a line for each check that a bundle passes, and fails at
// the first that it does not.
func (c *ledgerVerifyCommand) verifyBundle(io streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s can't be read", c.File)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", c.File)
	}
	err = akkoord.VerifyBundle(f, info.Size(), c.KeyFingerprint, func(check string) { fmt.Fprintln(io.out, "ok   "+check) })
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "The evidence verifies.")
	if c.KeyFingerprint == "" {
		fmt.Fprintln(io.out, "Compare the key with the one that the controller made known, or give it as --key-fingerprint.")
	}
	return nil
}
