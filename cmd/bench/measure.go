package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	opt     options
	dir     string // temporary, on the disk that is measured
	report  report
	rows    rows
	key     *rsa.PrivateKey // signs the signed campaign and its floor
	hello   *helper
	sink    *helper
	product *product
	batches int // sign-up loads so far, each with addresses of its own
	people  int // who signed up so far
	leavers int // tokens in the file of one-click links

	bounced  string // the mailing of which mails bounce
	bouncing int    // return paths in the file of them
}

// rows are the cases in the order of the table, with the targets of the
// project (docs/performance.md).
type rows struct {
	hello, signup, signupP99, signupMailing, confirm, leave  *row
	campaign, wire, signed, peak, growth, coldStart, idleMem *row
	counted, countedSigned, reports                          *row
}

func newRows(r *report) rows {
	none := target{}
	return rows{
		hello:         r.row("Echo hello", "/s", none),
		signup:        r.row("sign-up, durable", "/s", target{ratio: 0.22}),
		signupP99:     r.row("sign-up, p99", "ms", target{value: 60}),
		signupMailing: r.row("sign-up while confirmation mails go out", "/s", none),
		confirm:       r.row("confirm", "/s", target{ratio: 0.28}),
		leave:         r.row("one-click unsubscribe", "/s", target{ratio: 0.35}),
		campaign:      r.row("campaign, every delivery durable", "/s", target{ratio: 0.75}),
		wire:          r.row("campaign, first to last mail", "/s", none),
		signed:        r.row("campaign, DKIM RSA-2048", "/s", target{ratio: 0.85}),
		counted:       r.row("campaign, clicks counted and two texts tested", "/s", target{ratio: 0.75}),
		countedSigned: r.row("the same, DKIM RSA-2048", "/s", target{ratio: 0.85}),
		reports:       r.row("bounces by report (DSN)", "/s", target{least: 2000}),
		peak:          r.row("memory during the campaign, peak", "MiB", target{value: 96}),
		growth:        r.row("memory, growth from 10 % to 100 %", "MiB", target{value: 16}),
		coldStart:     r.row("cold start to first answer", "ms", target{value: 300}),
		idleMem:       r.row("idle memory", "MiB", target{value: 40}),
	}
}

// measure does the run and prints the report, also of a run that failed.
func measure(ctx context.Context, opt options, stdout, stderr io.Writer) error {
	b := &bench{opt: opt}
	if !opt.scaled {
		b.rows = newRows(&b.report)
	}
	failed := b.inFolder(ctx, stderr)
	show := b.report.printTable
	if opt.json {
		show = b.report.printJSON
	}
	return errors.Join(failed, show(stdout, opt))
}

// inFolder builds akkoord and runs, in a temporary folder that is gone after it.
func (b *bench) inFolder(ctx context.Context, progress io.Writer) (err error) {
	if b.dir, err = os.MkdirTemp(b.opt.dir, "akkoord-bench-"); err != nil {
		return fmt.Errorf("temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.warnOfTmpfs()
	var unbuilt error
	if !b.opt.floors && b.opt.binary == "" {
		fmt.Fprintln(progress, "bench: building akkoord")
		b.opt.binary = filepath.Join(b.dir, "akkoord")
		unbuilt = build(ctx, b.opt.binary)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.opt.timeout, fmt.Errorf("out of time after %s: raise -timeout", b.opt.timeout))
	defer cancel()
	if err = b.run(ctx, unbuilt, progress); ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// run starts the helpers, and measures the product, or the floors alone where
// there is none.
func (b *bench) run(ctx context.Context, unbuilt error, progress io.Writer) (err error) {
	if b.key, err = newKey(filepath.Join(b.dir, "dkim.pem")); err != nil {
		return err
	}
	if b.hello, err = startHelper(ctx, "hello"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hello.stop()) }()
	if b.sink, err = startHelper(ctx, "sink"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.sink.stop()) }()
	if b.opt.scaled && unbuilt != nil {
		return unbuilt
	}
	if b.opt.floors || unbuilt != nil {
		return errors.Join(unbuilt, b.floors(ctx))
	}
	binary, err := filepath.Abs(b.opt.binary) // commands run in the temporary folder
	if err != nil {
		return fmt.Errorf("akkoord binary: %w", err)
	}
	if b.product, err = newProduct(ctx, b.dir, binary, b.opt.db); err != nil && b.opt.scaled {
		return err
	} else if err != nil {
		return errors.Join(err, b.floors(ctx))
	}
	defer func() { err = errors.Join(err, b.product.stop()) }()
	if b.opt.scaled {
		return b.scale(ctx, progress)
	}
	for _, stage := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"sign-up", b.signups},
		{"confirm", b.confirms},
		{"campaign", b.campaigns},
		{"signed campaign", b.signedCampaigns},
		{"two nodes", b.twoNodes},
		{"one-click", b.leaves},
		{"counted campaign", b.countedCampaigns},
		{"bounces", b.bounces},
		{"import", b.imports},
	} {
		if b.opt.db == "" && stage.name == "two nodes" {
			continue
		}
		if b.opt.db != "" && stage.name == "import" {
			b.report.notef("On a server imports are measured by -scale.")
			continue
		}
		fmt.Fprintln(progress, "bench:", stage.name)
		if err := stage.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return nil
}

// floors measures the floors alone.
func (b *bench) floors(ctx context.Context) error {
	for range b.opt.rounds {
		if _, err := b.helloRate(ctx); err != nil {
			return err
		}
		wire, err := b.wireRate(ctx, 0)
		if err != nil {
			return err
		}
		b.rows.campaign.floor = append(b.rows.campaign.floor, wire)
		signing, err := signatures(b.key, b.opt.perCase)
		if err != nil {
			return err
		}
		b.rows.signed.floor = append(b.rows.signed.floor, signing)
	}
	return nil
}

// helloRate is the floor of the HTTP rows, measured anew beside each.
func (b *bench) helloRate(ctx context.Context) (float64, error) {
	result, err := b.load(ctx, "Echo hello", b.hello.pid(), loadOrder{Addr: b.hello.addr, Kind: "hello"})
	if err != nil {
		return 0, err
	}
	b.rows.hello.floor = append(b.rows.hello.floor, result.rate())
	return result.rate(), nil
}

// load runs the generator against the process pid, and notes what it took.
// A single bad answer fails the case: a fast refusal is no figure.
func (b *bench) load(ctx context.Context, of string, pid int, order loadOrder) (loadResult, error) {
	order.Clients = b.opt.clients
	if order.For == 0 {
		order.For = b.opt.perCase
	}
	before, err := cpuOf(pid)
	if err != nil {
		return loadResult{}, err
	}
	result, err := once[loadResult](ctx, "load", order)
	if err != nil {
		return result, err
	}
	after, err := cpuOf(pid)
	if err != nil {
		return result, err
	}
	if result.Bad > 0 || result.Answers == 0 {
		return result, fmt.Errorf("%d good and %d bad answers, the first: %s", result.Answers, result.Bad, result.FirstBad)
	}
	n := float64(result.Answers)
	b.report.detail(of, "processor time of the server, each", "µs", (after-before)/n*1e6)
	b.report.detail(of, "processor time of the generator, each", "µs", result.CPU/n*1e6)
	b.report.detail(of, "p50", "ms", result.P50)
	b.report.detail(of, "p99", "ms", result.P99)
	return result, nil
}

// resetSink makes the sink count anew and look for one kind of link.
func (b *bench) resetSink(kind string) error {
	return b.sink.ask(sinkOrder{Reset: true, Collect: kind}, &tally{})
}

// takeTokens writes the links found by the sink to a file.
func (b *bench) takeTokens(file string) (int, error) {
	var t tally
	err := b.sink.ask(sinkOrder{Tokens: file}, &t)
	return t.Tokens, err
}

// awaitMessages waits until the sink has taken n messages, and lets watch see
// the tally on the way. It gives up when nothing comes for ten seconds.
func (b *bench) awaitMessages(ctx context.Context, n int, watch func(tally)) (tally, error) {
	progress, have := time.Now(), 0
	for {
		var t tally
		if err := b.sink.ask(sinkOrder{}, &t); err != nil {
			return t, err
		}
		if watch != nil {
			watch(t)
		}
		if t.Messages >= n {
			return t, nil
		}
		if t.Messages > have {
			progress, have = time.Now(), t.Messages
		}
		if time.Since(progress) > 10*time.Second {
			return t, fmt.Errorf("%d of %d mails came, then none for 10 s", t.Messages, n)
		}
		if err := pause(ctx, 25*time.Millisecond); err != nil {
			return t, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// warnOfTmpfs says so when the disk measured is none: fsync is free there.
func (b *bench) warnOfTmpfs() {
	const tmpfs = 0x01021994 // statfs(2)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &fs); err == nil && int64(fs.Type) == tmpfs {
		b.report.notef("The database lay on tmpfs, where durability costs nothing: name a folder on a disk with -dir.")
	}
}
