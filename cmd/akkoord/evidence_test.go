package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"akkoord"
	"akkoord/pdf/pdftest"
)

// M30: the proof of somebody who signed up and was mailed names both mails by
// the ids that they came with, and is checked on a machine that has neither
// database nor key; a second process is told which call to use instead.
func TestM30EvidenceOfSomebodyWhoWasMailed(t *testing.T) {
	t.Parallel()
	server := relay(t)
	const anouk = "anouk@voorbeeld.example"
	in := install(t, server.URL(), anouk)
	in.start()
	in.signUp(anouk) // for what is active already: told so
	in.receives(server, anouk, 1)
	in.await(in.send(), isSent)

	const pim = "pim@voorbeeld.example" // is asked, and says nothing
	in.signUp(pim)
	in.receives(server, pim, 1)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	take := []string{"evidence", "--email", anouk, "-o", "anouk.zip"}
	if out, err := in.command(ctx, take...).CombinedOutput(); err == nil || !strings.Contains(string(out), "GET /api/v1/subscribers/{id}/evidence") {
		t.Errorf("beside a server: %v %s", err, out)
	}
	res, err := client.Get(in.base() + "/privacy")
	in.must(err)
	statement, err := io.ReadAll(res.Body)
	in.must(errors.Join(err, res.Body.Close()))
	in.must(in.terminate())
	if out, err := in.command(ctx, take...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(in.path("anouk.zip")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	ids := map[string]string{}
	for _, raw := range server.Messages(anouk) {
		m, err := parseMail(raw)
		in.must(err)
		id, _, _ := strings.Cut(strings.Trim(m.header("Message-Id"), "<>"), "@")
		ids[m.header("X-Campaign")] = id
	}
	mails := in.mailsOf("anouk.zip")
	if len(mails.SignUps) != 1 || len(mails.Campaigns) != 1 || mails.SignUps[0].MessageID != ids[""] || mails.Campaigns[0].MessageID != ids["winter-2027"] {
		t.Errorf("the proof has %+v; the mails came as %v", mails, ids)
	}
	if m := mails.SignUps[0]; m.Copy != "" || m.SHA256 != nil {
		t.Errorf("a mail that asked for nothing has a copy: %+v", m)
	}
	if c := mails.Campaigns[0]; c.State != "sent" || c.Subject == "" || c.Reply == "" {
		t.Errorf("the campaign mail: %+v", c)
	}

	in.readable("anouk.zip")
	if out, err := in.command(ctx, "evidence", "--email", pim, "-o", "pim.zip", "--lang", "en").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	asked := in.mailsOf("pim.zip").SignUps
	if sum := akkoord.Sum(sha256.Sum256(server.Messages(pim)[0].Raw)); len(asked) != 1 || asked[0].SHA256 == nil || *asked[0].SHA256 != sum || asked[0].Withheld.IsZero() {
		t.Errorf("the proof of who was asked has %+v; the mail that came has the digest %x", asked, sum)
	}

	elsewhere := in.command(ctx, "ledger", "verify", in.path("anouk.zip"))
	elsewhere.Dir = t.TempDir()
	out, err := elsewhere.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "The evidence verifies.") {
		t.Errorf("elsewhere: %v %s", err, out)
	}
	key := regexp.MustCompile(`[0-9a-f]{64}`).FindString(string(out))
	if !strings.Contains(string(statement), ">"+key+"<") {
		t.Errorf("the privacy statement does not name the key %s", key)
	}
	for fingerprint, ok := range map[string]bool{key: true, strings.Repeat("0", 64): false} {
		out, err := in.command(ctx, "ledger", "verify", "--key-fingerprint", fingerprint, "anouk.zip").CombinedOutput()
		if (err == nil) != ok {
			t.Errorf("with the fingerprint %s: %v %s", fingerprint, err, out)
		}
	}
	if left, err := os.ReadDir(elsewhere.Dir); err != nil || len(left) != 0 {
		t.Errorf("verifying left %v, %v", left, err)
	}
}

// readable checks that a bundle has what people read.
func (in *installation) readable(file string) {
	in.t.Helper()
	z, err := zip.OpenReader(in.path(file))
	in.must(err)
	defer z.Close()
	found := map[string]bool{}
	for _, f := range z.File {
		r, err := f.Open()
		in.must(err)
		data, err := io.ReadAll(r)
		in.must(errors.Join(err, r.Close()))
		switch {
		case f.Name == "dossier.pdf":
			found["document"] = strings.Contains(pdftest.Text(data), "Bewijs van toestemming\n")
		case strings.HasPrefix(f.Name, "form-"):
			found["form"] = strings.Contains(string(data), " checked") && strings.Contains(string(data), "<form inert ")
		}
	}
	if !found["document"] || !found["form"] {
		in.t.Errorf("of what people read it has %v", found)
	}
}

// mailsOf reads what a bundle says of mails.
func (in *installation) mailsOf(file string) (mails akkoord.BundleMails) {
	in.t.Helper()
	z, err := zip.OpenReader(in.path(file))
	in.must(err)
	defer z.Close()
	f, err := z.Open("mails.json")
	in.must(err)
	in.must(json.NewDecoder(f).Decode(&mails))
	return mails
}

// P26: a link in a mail works after the keys were rotated and the server was
// started again, and is dead once its key is revoked.
func TestP26LinksOutliveRotationAndEndWithTheirKey(t *testing.T) {
	t.Parallel()
	server := relay(t)
	const anouk = "anouk@voorbeeld.example"
	in := install(t, server.URL(), anouk)
	in.start()
	in.await(in.send(), isSent)
	m, err := parseMail(server.Messages(anouk)[0])
	in.must(err)
	link, err := url.Parse(strings.Trim(strings.Split(m.header("List-Unsubscribe"), ",")[0], "<> "))
	in.must(err)
	opens := func() int {
		res, err := client.Get(in.base() + link.Path)
		in.must(err)
		res.Body.Close()
		return res.StatusCode
	}
	keys, err := databaseSettings{SecretFile: in.path("akkoord.key")}.keyring(false)
	in.must(err)
	old := keys.Keys()[0].ID

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if out, err := in.command(ctx, "keys", "rotate").CombinedOutput(); err == nil || !strings.Contains(string(out), "use POST /api/v1/keys/rotate") {
		t.Errorf("beside a server: %v %s", err, out)
	}
	for _, step := range []struct {
		args []string
		want int
	}{{[]string{"keys", "rotate"}, http.StatusOK}, {[]string{"keys", "rotate", "--yes", "--revoke", old}, http.StatusNotFound}} {
		in.must(in.terminate())
		if out, err := in.command(ctx, step.args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", step.args, err, out)
		}
		in.start()
		if got := opens(); got != step.want {
			t.Errorf("after %v the link answers %d, not %d", step.args, got, step.want)
		}
	}
	in.verifyLedger()
}
