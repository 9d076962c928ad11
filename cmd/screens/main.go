// Command screens takes the pictures of README.md and docs/tour.md: it runs the
// demo, walks through it in Chromium as a visitor, a recipient and an
// administrator, and writes a PNG for each stop into docs/img.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

func main() {
	dir := flag.String("dir", "docs/img", "where the pictures go")
	browser := flag.String("chromium", "/usr/bin/chromium", "the browser")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, walkLimit)
	defer cancel()
	if err := run(ctx, *dir, *browser); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

const (
	walkLimit = 5 * time.Minute

	// Widths of pictures, and the height of a screen, in CSS pixels.
	widest      = 1440
	wide        = 1120
	letterWidth = 640
	narrow      = 390
	height      = 820
)

func run(ctx context.Context, dir, browser string) (err error) {
	d, err := startDemo(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	profile, err := os.MkdirTemp("", "akkoord-screens-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	l := launcher.New().Context(ctx).Bin(browser).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(profile).
		Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync").Set("hide-scrollbars")
	at, err := l.Launch()
	if err != nil {
		return err
	}
	defer l.Kill()
	b := rod.New().Context(ctx).ControlURL(at)
	if err := b.Connect(); err != nil {
		return err
	}
	w := &walk{demo: d, dir: dir, browser: b}
	return rod.Try(w.all)
}

// demo is a running `akkoord demo`, known by what it prints.
type demo struct {
	cmd                *exec.Cmd
	site, inbox, login string
}

var printed = regexp.MustCompile(`(?s)Form +(http://[^/]+)/f/home\s+Inbox +(\S+)/\s+Admin +(\S+)`)

// startDemo builds the program, so that the pictures are of what stands here,
// and waits until its demo is up.
func startDemo(ctx context.Context) (*demo, error) {
	binary := filepath.Join(os.TempDir(), fmt.Sprintf("akkoord-screens-%d", os.Getpid()))
	defer os.Remove(binary)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/akkoord").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	out := &output{up: make(chan []string, 1)}
	cmd := exec.Command(binary, "demo")
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := &demo{cmd: cmd}
	select {
	case m := <-out.up:
		d.site, d.inbox, d.login = m[1], m[2], m[3]
		return d, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), d.stop())
	}
}

func (d *demo) stop() error {
	return errors.Join(d.cmd.Process.Signal(syscall.SIGTERM), d.cmd.Wait())
}

// output looks for the URLs in what the demo prints.
type output struct {
	mu   sync.Mutex
	b    bytes.Buffer
	up   chan []string
	seen bool
}

// Write takes what is printed.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(p)
	if m := printed.FindStringSubmatch(o.b.String()); m != nil && !o.seen {
		o.seen = true
		o.up <- m
	}
	return len(p), nil
}

// message is a mail in the demo's inbox.
type message struct{ ID, Text string }

// mail waits for the newest mail to an address.
func (d *demo) mail(ctx context.Context, to string) (message, error) {
	var list struct{ Items []message }
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for len(list.Items) == 0 {
		if err := get(ctx, d.inbox+"/api/messages?to="+url.QueryEscape(to), &list); err != nil {
			return message{}, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
	var m message
	return m, get(ctx, d.inbox+"/api/messages/"+list.Items[0].ID, &m)
}

func get(ctx context.Context, from string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

// view is how a picture is taken.
type view struct {
	width int
	dark  bool
	whole bool // the page to its end, not what a screen shows
}

// open shows a page as a view has it.
func (w *walk) open(at string, v view) *rod.Page {
	p := w.browser.MustPage()
	p.MustSetViewport(v.width, height, 1, v.width == narrow)
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}).Call(p); err != nil {
		panic(err)
	}
	p.MustNavigate(at).MustWaitLoad().MustWaitStable()
	return p
}

// picture writes what a page shows.
func (w *walk) picture(p *rod.Page, name string, v view) {
	png, err := p.Screenshot(v.whole, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, name+".png"), png, 0o644)
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(name)
}
