// Command bench measures Akkoord and its floors in one run and prints their
// ratios. A floor is what this machine can reach at best for the same kind of
// work: Echo answering "hello", ready bytes pipelined over SMTP, RSA signing
// alone. Absolute figures depend on the machine; the ratio of two figures of
// one round depends on the program, and that is what targets are set on.
//
// Everything measured is a process of its own: the akkoord binary, and, as
// hidden roles of this binary, the Echo server, the load generator, the SMTP
// sink and the SMTP sender of the floor. All of it stays on loopback.
//
//	go run ./cmd/bench          every row, three rounds, 200,000 people
//	go run ./cmd/bench -quick   one round, 20,000 people, within a minute
//	go run ./cmd/bench -scale   1,000,000 people: import, counts, lists, freeze, a minute of a campaign
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the whole program: one of the hidden roles, or a measurement.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "hello":
			return serveHello(stdin, stdout)
		case "sink":
			return serveSink(stdin, stdout)
		case "load":
			return play(args[1:], stdout, load)
		case "send":
			return play(args[1:], stdout, send)
		}
	}
	opt, err := parse(args, stderr)
	if err != nil {
		return err
	}
	return measure(ctx, opt, stdout, stderr)
}

// options is what the command line sets.
type options struct {
	quick   bool
	json    bool          // a JSON document instead of the table
	floors  bool          // no product
	scaled  bool          // a run over many people instead; see scale
	rounds  int           // how often each case is measured; medians are shown
	perCase time.Duration // how long a case runs, where its work does not end by itself
	people  int           // people in the database, and so recipients of a campaign
	clients int           // HTTP connections
	conns   int           // SMTP connections
	binary  string        // a built akkoord; empty builds ./cmd/akkoord
	dir     string        // where the database lies
	db      string        // an empty database to use instead
	timeout time.Duration // for the whole run after the build
}

// usageError says that the command line was wrong; package flag has told the
// person why.
type usageError struct{ error }

func parse(args []string, stderr io.Writer) (options, error) {
	var opt options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.BoolVar(&opt.quick, "quick", false, "one round with 20,000 people, within a minute (the build apart)")
	fs.BoolVar(&opt.json, "json", false, "print JSON, with the figures of each round")
	fs.BoolVar(&opt.floors, "floors", false, "measure the floors only")
	fs.BoolVar(&opt.scaled, "scale", false, "a run over many generated people instead: import, counts, lists, freeze, a campaign for a minute")
	fs.IntVar(&opt.rounds, "n", 0, "rounds (3, with -quick 1)")
	fs.DurationVar(&opt.perCase, "d", 0, "time per case (5s, with -quick 1.5s)")
	fs.IntVar(&opt.people, "people", 0, "people who sign up and are mailed (200000, with -quick 20000)")
	fs.IntVar(&opt.clients, "clients", 128, "HTTP clients at once")
	fs.IntVar(&opt.conns, "conns", 8, "SMTP connections")
	fs.StringVar(&opt.binary, "akkoord", "", "use this akkoord `binary` instead of building ./cmd/akkoord")
	fs.StringVar(&opt.dir, "dir", "", "make the temporary `folder` with the database in this one (a real disk, not tmpfs)")
	fs.StringVar(&opt.db, "db", "", "use this empty database (postgres://…) instead of a file; targets are those of files")
	fs.DurationVar(&opt.timeout, "timeout", 0, "end of the run, the build apart (30m, with -quick 1m)")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return opt, err
		}
		return opt, usageError{err}
	}
	if fs.NArg() > 0 || opt.rounds < 0 || opt.people < 0 || opt.clients < 1 || opt.conns < 1 || opt.scaled && opt.floors {
		fmt.Fprintln(stderr, "bench takes flags only, and no negative numbers; see bench -help")
		return opt, usageError{errors.New("usage")}
	}
	return opt.withDefaults(), nil
}

func (opt options) withDefaults() options {
	rounds, perCase, people, timeout := 3, 5*time.Second, 200_000, 30*time.Minute
	if opt.quick {
		rounds, perCase, people, timeout = 1, 1500*time.Millisecond, 20_000, time.Minute
	}
	if opt.scaled {
		rounds, people = 1, 1_000_000
	}
	if opt.rounds == 0 {
		opt.rounds = rounds
	}
	if opt.perCase == 0 {
		opt.perCase = perCase
	}
	if opt.people == 0 {
		opt.people = people
	}
	if opt.timeout == 0 {
		opt.timeout = timeout
	}
	return opt
}
