package main

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The command import as the contract has it, on a database with a purpose.
func TestImportCommand(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/import", RequireExplicitExec: true, Setup: func(env *testscript.Env) error {
		d := databaseSettings{Database: "sqlite:" + filepath.Join(env.WorkDir, "akkoord.db"), SecretFile: filepath.Join(env.WorkDir, "akkoord.key")}
		st, err := d.openOrMake(context.Background(), io.Discard, "")
		if err != nil {
			return err
		}
		defer st.Close()
		_, err = st.PutPurpose(context.Background(), commandActor, demoPurposes[0])
		return err
	}})
}
