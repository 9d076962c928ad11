package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"akkoord/mailer/mailertest"
)

type demoCommand struct {
	Check bool `help:"Play visitor, recipient and administrator through the whole job, print a line per step, and exit 0 or 1."`
}

// watchable is how long the demo's mail server takes for a mail, so that a
// mailing of 200 takes some seconds and can be watched and paused.
const watchable = 80 * time.Millisecond

// demo is the running demonstration: the server as in production, on a
// temporary database, with a mail server and an inbox beside it.
type demo struct {
	app   *app
	smtp  *mailertest.Server
	inbox string // URL of the inbox page
	seed  demoSeed
}

func (c *demoCommand) Run(ctx context.Context, io streams) error {
	dir, err := os.MkdirTemp("", "akkoord-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	pace := watchable
	if c.Check {
		pace = 0
	}
	d, err := startDemo(ctx, group, dir, pace)
	if err != nil {
		cancel()
		group.Wait()
		return err
	}
	var failed error
	if c.Check {
		failed = checkDemo(ctx, d, io.out)
	} else {
		d.announce(io)
		<-ctx.Done()
		fmt.Fprintln(io.out, "\nEnded. Nothing was kept.")
	}
	cancel()
	if err := group.Wait(); err != nil && failed == nil {
		return err
	}
	return failed
}

// startDemo brings everything up on free loopback ports. It reads no
// environment: a demo beside a real installation touches nothing of it.
func startDemo(ctx context.Context, group *errgroup.Group, dir string, pace time.Duration) (*demo, error) {
	smtp, err := mailertest.Start(mailertest.Config{Keep: 2000, Pace: pace})
	if err != nil {
		return nil, err
	}
	site, ops, inbox, err := freePorts(ctx)
	if err != nil {
		return nil, err
	}
	s := settings{
		databaseSettings: databaseSettings{Database: "sqlite:" + filepath.Join(dir, "akkoord.db"), SecretFile: filepath.Join(dir, "akkoord.key")},
		Listen:           site.Addr().String(), URL: "http://" + site.Addr().String(), TLS: "off", OpsListen: ops.Addr().String(),
		SMTP: smtp.URL() + "&connections=4", SignUpsPerIP: "0", From: demoFrom,
		Controller: demoController, PostalAddress: demoAddress, PrivacyContact: demoContact, Brand: demoColour,
	}
	checked, err := s.check()
	if err != nil {
		return nil, err
	}
	checked.logo = "/static/img/zonvaart.svg"
	a, err := newApp(ctx, checked, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	d := &demo{app: a, smtp: smtp, inbox: "http://" + inbox.Addr().String() + "/"}
	if d.seed, err = seedDemo(ctx, a.store, s.URL); err != nil {
		return nil, err
	}
	group.Go(func() error { return a.run(ctx, site, ops) })
	group.Go(func() error { return serveHTTP(ctx, &http.Server{Handler: mailertest.NewInbox(smtp)}, inbox) })
	group.Go(func() error {
		<-ctx.Done()
		return smtp.Close()
	})
	_, err = a.store.StartMailing(ctx, commandActor, d.seed.mailings[0].PublicID)
	return d, err
}

func freePorts(ctx context.Context) (site, ops, inbox net.Listener, err error) {
	var lc net.ListenConfig
	listeners := make([]net.Listener, 3)
	for i := range listeners {
		if listeners[i], err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, nil, nil, err
		}
	}
	return listeners[0], listeners[1], listeners[2], nil
}

func (d *demo) announce(io streams) {
	fmt.Fprintf(io.out, `Akkoord demo: %s, with %d people who agreed.

  Form    %s/f/home
  Inbox   %s
  Admin   %s
          (this link logs you in once; later with %s
          and the password %s)
  API     %s/api/v1/openapi.json
          with: Authorization: Bearer %s

Sign up on the form, confirm in the inbox, and watch yourself appear in the
admin. The campaign "Winter 2027" has one mailing sent and one draft to send.
All is kept in a temporary folder that goes away. Ctrl-C ends the demo.
`, demoController, demoPeople, d.app.site.URL, d.inbox, d.seed.login, demoUser, d.seed.password, d.app.site.URL, d.seed.key)
}

// serveHTTP serves until ctx ends, then lets requests finish.
func serveHTTP(ctx context.Context, srv *http.Server, ln net.Listener) error {
	if srv.ReadHeaderTimeout == 0 {
		srv.ReadHeaderTimeout = 10 * time.Second
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	err := srv.Shutdown(stop)
	if served := <-done; served != http.ErrServerClosed {
		return served
	}
	return err
}
