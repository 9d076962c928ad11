// Command akkoord is the whole product in one binary: the server, the demo and
// the tools beside them. docs/operations.md describes each command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // times are told in the reader's zone on machines without zone files too

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// cli is the command line. Every setting is a flag, an environment variable
// and a line of the optional YAML file, in that order of precedence.
type cli struct {
	Config kong.ConfigFlag `help:"YAML file with settings." type:"path" placeholder:"FILE"`

	Demo    demoCommand    `cmd:"" help:"Try the main job: nothing to set up, nothing kept."`
	Serve   serveCommand   `cmd:"" help:"Run the server. While nobody can log in it prints a link that sets the installation up in a browser."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date (serve does so too)."`
	User    struct {
		Add userAddCommand `cmd:"" help:"Add a user of the admin site and print a one-time login link."`
	} `cmd:"" help:"Users of the admin site."`
	Key struct {
		Add keyAddCommand `cmd:"" help:"Add an API key and print it, once, alone on stdout."`
	} `cmd:"" help:"API keys."`
	Grant struct {
		List   grantListCommand   `cmd:"" help:"List who may see which personal data, and why."`
		Add    grantAddCommand    `cmd:"" aliases:"give" help:"Let a user or key see personal data; prints the id of the grant."`
		Review grantReviewCommand `cmd:"" help:"Say that a grant is still needed."`
		End    grantEndCommand    `cmd:"" help:"End a grant at once."`
	} `cmd:"" help:"Who may see which personal data (M26)."`
	Keys struct {
		Rotate keysRotateCommand `cmd:"" help:"Sign links with a new key from now on; older links keep working."`
	} `cmd:"" help:"The keys that sign links."`
	Import   importCommand   `cmd:"" help:"Import people from CSV or NDJSON, with their proof of consent."`
	Export   exportCommand   `cmd:"" help:"Write the whole record of one person (Art. 15 and 20 GDPR)."`
	Erase    eraseCommand    `cmd:"" help:"Erase one person for good and print the receipt for them (Art. 17 GDPR)."`
	Evidence evidenceCommand `cmd:"" help:"Write the proof of one person's consent as a signed zip (M30)."`
	Ledger   struct {
		Verify ledgerVerifyCommand `cmd:"" help:"Check that no line of the consent ledger, or of an evidence bundle, was altered."`
	} `cmd:"" help:"The consent ledger."`
	Breach struct {
		Pack breachPackCommand `cmd:"" help:"Put a breach on record and write the facts, the people, who saw their data, and drafts of the letters (Art. 33 and 34 GDPR)."`
	} `cmd:"" help:"Breaches of personal data."`
	Backup  backupCommand  `cmd:"" help:"Copy the database to a file and prove the copy; runs beside a server."`
	Restore restoreCommand `cmd:"" help:"Put the database back from a backup; nobody who left since comes back."`
	Move    moveCommand    `cmd:"" help:"Copy an installation into another database, SQLite or PostgreSQL, and compare both."`
	Release releaseCommand `cmd:"" help:"After a restore: say what may be sent twice, and let mail go out again."`
	Journal struct {
		Export journalExportCommand `cmd:"" help:"Print the journal of departures."`
		Repeat journalRepeatCommand `cmd:"" help:"Do again what an exported journal holds and a restored database lacks; nothing is sent until an owner agrees."`
	} `cmd:"" help:"The journal of who left or was erased, by keyed hashes."`
	Doctor  doctorCommand  `cmd:"" help:"Check the settings and what they point at, one line each."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// usageError ends the program with exit status 2.
type usageError struct{ error }

// silentError ends the program with exit status 1 without another word: the
// command has said all.
var errSilent = errors.New("failed")

// run parses the command line, runs the command and gives the exit status: 0
// for success, 1 for failure, 2 for wrong usage.
func run(ctx context.Context, args []string, io streams) int {
	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("akkoord"),
		kong.Description("Consent-first e-mail subscriptions and campaigns."),
		kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { exit = code }),
		kong.Configuration(readSettings),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		fmt.Fprintln(io.err, "akkoord:", err)
		return 1
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help has printed and asked to end
		return exit
	}
	if err == nil {
		err = command.Run()
	} else {
		command, err = misused(err, args)
	}
	switch usage := (usageError{}); {
	case err == nil:
		return 0
	case errors.Is(err, errSilent):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(io.err, "akkoord: %v (see %s --help)\n", usage.error, called(command))
		return 2
	default:
		fmt.Fprintln(io.err, "akkoord:", err)
		return 1
	}
}
