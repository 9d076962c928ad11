package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"akkoord"
	"akkoord/store"
)

// storeConfig gives where the database is and what opens it, for commands.
func (d databaseSettings) storeConfig(mayMake bool) (store.Config, error) {
	database, err := d.database()
	if err != nil {
		return store.Config{}, err
	}
	keys, err := d.keyring(mayMake)
	if err != nil {
		return store.Config{}, err
	}
	return store.Config{Database: database, Journal: d.Journal, Keyring: keys, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}, nil
}

type backupCommand struct {
	databaseSettings
	File string `arg:"" help:"File to write; one of that name is replaced when the new one is proven whole." type:"path"`
}

func (c *backupCommand) Run(ctx context.Context, io streams) error {
	cfg, err := c.installedConfig(ctx)
	if err != nil {
		return err
	}
	made, err := store.Backup(ctx, cfg, c.File, progress(io.err, "ledger lines"))
	if err != nil {
		return err
	}
	if made.Unproven != "" {
		fmt.Fprintf(io.out, "%s holds the database as of %s: %d people, %d lines of the ledger.\nNot proven: %s.\n",
			c.File, clock(made.At), made.People, made.Ledger.Seq, made.Unproven)
		return nil
	}
	fmt.Fprintf(io.out, "%s holds the database as of %s: %d people, %d lines of the ledger, all checked.\n",
		c.File, clock(made.At), made.People, made.Ledger.Seq)
	fmt.Fprintf(io.out, "Keep the master key %s apart from it; without the key it can't be put back.\n", c.SecretFile)
	return nil
}

// clock tells a time by the clock of the pages, so that it can be put into their forms.
func clock(t time.Time) string {
	home, err := akkoord.LoadZone(akkoord.HomeZone)
	if err != nil {
		home = time.UTC
	}
	return t.In(home).Format(time.DateTime + " MST")
}

type restoreCommand struct {
	databaseSettings
	File       string `arg:"" help:"A file made by akkoord backup." type:"existingfile"`
	Replace    bool   `help:"On PostgreSQL: lay aside what stands there, in a schema of its own, and put the backup in its place."`
	Departures string `help:"On PostgreSQL: what akkoord journal export printed after the backup." type:"existingfile"`
}

func (c *restoreCommand) Run(ctx context.Context, io streams) error {
	cfg, err := c.storeConfig(false)
	if err != nil {
		return err
	}
	how := store.RestoreOptions{Replace: c.Replace}
	_, isFile := store.File(cfg.Database)
	if isFile && (c.Replace || c.Departures != "") {
		return usageError{errors.New("--replace and --departures are for PostgreSQL; a SQLite file is laid aside in any case, and its journal is AKKOORD_JOURNAL")}
	}
	if c.Departures != "" {
		f, err := os.Open(c.Departures)
		if err != nil {
			return err
		}
		defer f.Close()
		how.Departures = f
	}
	journal, lost := c.departuresFile(cfg)
	did, err := store.Restore(ctx, cfg, c.File, how, progress(io.err, "ledger lines"))
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; stop that process first", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "Put back: the database as of %s, with %d people and %d lines of the ledger, all checked.\n",
		clock(did.At), did.People, did.Ledger.Seq)
	switch {
	case did.Aside != "" && isFile:
		fmt.Fprintf(io.out, "The one that stood there lies at %s now.\n", did.Aside)
	case did.Aside != "":
		fmt.Fprintf(io.out, "What stood there lies in the schema %s now. When all is well: DROP SCHEMA %s CASCADE\n", did.Aside, did.Aside)
	}
	switch {
	case isFile && lost:
		fmt.Fprintf(io.out, "There is no journal of departures at %s: who left or was erased since is not known. Put it there and restore again if you have it.\n", journal)
	case !isFile && did.Aside == "" && c.Departures == "":
		fmt.Fprintln(io.out, "The database was empty and no journal of departures was given: who left or was erased since is not known. If you have one: akkoord journal repeat FILE")
	default:
		fmt.Fprintf(io.out, "Done again from the journal: %d departures since.\n", did.Repeated)
	}
	printHold(io, did.Hold)
	fmt.Fprintln(io.out, "Nothing is sent until an owner agrees, on the start page of the admin site or by: akkoord release --yes")
	return nil
}

// departuresFile gives where the journal of departures of a SQLite file lies,
// and whether it is missing.
func (c *restoreCommand) departuresFile(cfg store.Config) (path string, lost bool) {
	path = cfg.Journal
	if path == "" {
		path = cfg.File() + store.DepartureSuffix
	}
	_, err := os.Stat(path)
	return path, err != nil
}

func printHold(io streams, h akkoord.Hold) {
	fmt.Fprintf(io.out, "%d mailings were being sent or paused; %d people of them may have had their mail and could get it again; %d confirmation mails wait.\n",
		h.Mailings, h.Twice, h.System)
}

type releaseCommand struct {
	databaseSettings
	Yes bool `help:"Agree; without it only what may be sent twice is said."`
}

func (c *releaseCommand) Run(ctx context.Context, io streams) error {
	if !c.Yes {
		st, err := c.look(ctx, "see the start page of its admin site")
		if err != nil {
			return err
		}
		defer st.Close()
		h, err := st.Hold(ctx)
		if err != nil || h.Reason == "" {
			fmt.Fprintln(io.out, "Nothing is held.")
			return err
		}
		printHold(io, h)
		fmt.Fprintln(io.out, "To agree: akkoord release --yes")
		return nil
	}
	st, err := c.open(ctx, "press the button on the start page of its admin site")
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.EndHold(ctx, commandActor); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "Mail goes out again. Mailings that were paused are resumed one by one.")
	return nil
}

type journalRepeatCommand struct {
	databaseSettings
	File string `arg:"" help:"What akkoord journal export printed." type:"existingfile"`
}

func (c *journalRepeatCommand) Run(ctx context.Context, io streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := c.open(ctx, "stop it first")
	if err != nil {
		return err
	}
	defer st.Close()
	n, err := st.RepeatDepartures(ctx, f)
	if err != nil {
		return fmt.Errorf("%s: after %d lines: %w", c.File, n, err)
	}
	h, err := st.Hold(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "Done again: %d departures that this database lacked.\n", n)
	printHold(io, h)
	fmt.Fprintln(io.out, "Nothing is sent until an owner agrees, on the start page of the admin site or by: akkoord release --yes")
	return nil
}

type journalExportCommand struct {
	databaseSettings
}

func (c *journalExportCommand) Run(ctx context.Context, io streams) error {
	st, err := c.look(ctx, "copy the file AKKOORD_JOURNAL instead, as often as you like")
	if err != nil {
		return err
	}
	defer st.Close()
	for after := int64(0); ; {
		page, err := st.Departures(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return err
		}
		var text []byte
		for _, d := range page {
			text = d.AppendText(text)
			after = d.Number
		}
		if _, err := io.out.Write(text); err != nil {
			return err
		}
	}
}
