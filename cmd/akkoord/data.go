package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"akkoord/store"
)

type migrateCommand struct {
	databaseSettings
	Status bool `help:"Only print the versions; runs beside a server."`
}

func (c *migrateCommand) Run(ctx context.Context, std streams) error {
	database, err := c.database()
	if err != nil {
		return err
	}
	if c.Status {
		have, want, err := store.SchemaVersions(ctx, database)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "schema %d, this program knows %d\n", have, want)
		if have > want {
			return fmt.Errorf("the database is of a newer program; use that one")
		}
		return nil
	}
	st, err := c.openOrMake(ctx, std.err, "the server that runs has migrated it already")
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	have, _, err := store.SchemaVersions(ctx, database)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "schema %d\n", have)
	return nil
}

type exportCommand struct {
	databaseSettings
	Email  string `required:"" help:"Address of the person."`
	Format string `enum:"json,csv,zip" default:"json" help:"json, csv, or zip with both and a schema."`
	Output string `short:"o" help:"File to write, mode 0600, in place of standard output." type:"path" placeholder:"FILE"`
	Force  bool   `help:"Replace the file when there is one."`
}

func (c *exportCommand) Run(ctx context.Context, std streams) error {
	if err := unused(c.Output, c.Force); err != nil {
		return err
	}
	st, standing, err := c.recorded(ctx, c.Email, "use GET /api/v1/subscribers/{id}/export of that server")
	if err != nil {
		return err
	}
	defer st.Close()
	record, err := st.ExportPerson(ctx, commandActor, standing.Subscriber.PublicID, "")
	if err != nil {
		return err
	}
	write := record.WriteJSON
	switch c.Format {
	case "csv":
		write = record.WriteCSV
	case "zip":
		write = record.WriteZIP
	}
	if c.Output == "" {
		return write(std.out)
	}
	return replaceWith(c.Output, write)
}

type versionCommand struct{}

func (versionCommand) Run(io streams) error {
	fmt.Fprintln(io.out, "akkoord", revision(), runtime.Version())
	return nil
}

// revision says which commit this program was built of.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "development"
}
