package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"akkoord/store"
)

type moveCommand struct {
	SecretFile  string `env:"AKKOORD_SECRET_FILE" default:"akkoord.key" type:"path" help:"Master key; it stays the same, so that links in mails that went out work on." group:"Settings"`
	From        string `required:"" help:"Database to move from: sqlite:FILE or postgres://…"`
	To          string `required:"" help:"Empty database to move to."`
	FromJournal string `help:"File with the journal of departures of the old database, where it is not beside it." type:"path"`
	ToJournal   string `help:"Where that of the new one is to lie, where not beside it." type:"path"`
}

func (c *moveCommand) Run(ctx context.Context, io streams) error {
	from, err := databaseSettings{Database: c.From, SecretFile: c.SecretFile, Journal: c.FromJournal}.installedConfig(ctx)
	if err != nil {
		return err
	}
	to, err := databaseSettings{Database: c.To, SecretFile: c.SecretFile, Journal: c.ToJournal}.storeConfig(false)
	if err != nil {
		return err
	}
	shows := map[string]func(done, total int64){}
	start := time.Now()
	did, err := store.Move(ctx, from, to, func(table string, done, total int64) {
		if shows[table] == nil {
			shows[table] = progress(io.err, "rows of "+table)
		}
		shows[table](done, total)
	})
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; stop that process first", err)
	}
	if err != nil {
		return fmt.Errorf("%w; nothing is lost, run the same command again to go on", err)
	}
	var rows int64
	for _, n := range did.Rows {
		rows += n
	}
	fmt.Fprintf(io.out, "Moved %d rows in %v. The ledger verifies there and ends as here, at line %d; the records of %d people were compared.\n",
		rows, time.Since(start).Round(time.Second), did.Ledger.Seq, did.Sampled)
	fmt.Fprintln(io.out, "Start the server with the new AKKOORD_DATABASE and the same master key. The old database sends nothing any more; delete it when all is well.")
	return nil
}
