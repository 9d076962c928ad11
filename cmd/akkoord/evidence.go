package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	Force  bool   `help:"Replace the file when there is one."`
	Lang   string `enum:"nl,en,de,fr" default:"nl" help:"Language of what people read in it: nl, en, de or fr."`
}

func (c *evidenceCommand) Run(ctx context.Context, io streams) error {
	if err := unused(c.Output, c.Force); err != nil {
		return err
	}
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
	File           string `arg:"" optional:"" help:"An evidence bundle, or the receipt of an erasure, to check instead; no database is opened." type:"path"`
	KeyFingerprint string `help:"Fingerprint of the key that must have signed it, as /privacy shows it." placeholder:"HEX"`
}

func (c *ledgerVerifyCommand) Run(ctx context.Context, io streams) error {
	if pin, err := hex.DecodeString(c.KeyFingerprint); c.KeyFingerprint != "" && (err != nil || len(pin) != sha256.Size) {
		return usageError{errors.New("--key-fingerprint is malformed: it is 64 hexadecimal digits, as /privacy shows them")}
	}
	if c.File != "" {
		return c.verifyFile(io)
	}
	if c.KeyFingerprint != "" {
		return usageError{errors.New("--key-fingerprint is for an evidence bundle or a receipt; name its file")}
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

// receiptSize bounds what is read of a file to see whether it is a receipt.
const receiptSize = 8 << 10

// verifyFile checks a bundle or a receipt.
func (c *ledgerVerifyCommand) verifyFile(std streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s can't be read", c.File)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", c.File)
	}
	if text, ok := receiptIn(f); ok {
		return c.verifyReceipt(std, text)
	}
	return c.verifyBundle(std, f, info.Size())
}

// receiptIn gives the receipt that a file holds, by itself or as the API answers
// it.
func receiptIn(f *os.File) (string, bool) {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, receiptSize))
	if err != nil {
		return "", false
	}
	var answer struct {
		Receipt string `json:"receipt"`
	}
	if json.Unmarshal(b, &answer) == nil {
		b = []byte(answer.Receipt)
	}
	return string(b), akkoord.IsReceipt(string(b))
}

func (c *ledgerVerifyCommand) verifyReceipt(std streams, text string) error {
	e, fingerprint, err := akkoord.VerifyReceipt(text, c.KeyFingerprint)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "ok   signature: the receipt is as it was signed, with the key %s\n", fingerprint)
	fmt.Fprintf(std.out, "The receipt verifies: somebody was erased at %s, line %d of the ledger, hash %x.\n", akkoord.Moment{Time: e.At}, e.Line, e.Hash)
	if c.KeyFingerprint == "" {
		fmt.Fprintln(std.out, compareKey)
	}
	return nil
}

// compareKey is what is left to do for who gave no fingerprint.
const compareKey = "Compare the key with the one that the controller made known, or give it as --key-fingerprint."

// verifyBundle prints a line for each check that a bundle passes, and fails at
// the first that it does not.
func (c *ledgerVerifyCommand) verifyBundle(io streams, f *os.File, size int64) error {
	err := akkoord.VerifyBundle(f, size, c.KeyFingerprint, func(check string) { fmt.Fprintln(io.out, "ok   "+check) })
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "The evidence verifies.")
	if c.KeyFingerprint == "" {
		fmt.Fprintln(io.out, compareKey)
	}
	return nil
}
