package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"akkoord/store/pgtest"
)

// withServer stops the PostgreSQL that tests used.
type withServer struct{ *testing.M }

// Run runs the tests.
func (w withServer) Run() int { return pgtest.Main(w.M) }

func TestMain(m *testing.M) {
	testscript.Main(withServer{m}, map[string]func(){
		"akkoord": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
		},
		"sink":   sinkMain,
		"jobber": jobberMain,
	})
}

// The command line as the contract has it: exit status, streams, sentences.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
