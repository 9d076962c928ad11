package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
)

// patience is how long a test waits for what must happen soon. It is no
// promise: only a test that fails ever waits so long.
const patience = 90 * time.Second

// buildBinary builds the program as a user would, once for all tests, into the
// folder that testscript removes at the end.
var buildBinary = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("akkoord")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "akkoord-built")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// cleanEnv is the environment of the test without settings of the program.
func cleanEnv(settings ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AKKOORD_") {
			env = append(env, e)
		}
	}
	return append(env, settings...)
}

// console keeps what a process writes and wakes who waits for a line of it.
type console struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newConsole() *console { return &console{changed: make(chan struct{})} }

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
	return c.text.Write(b)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await gives the groups of the first match, as soon as there is one.
func (c *console) await(ctx context.Context, want *regexp.Regexp) ([]string, error) {
	for {
		c.mu.Lock()
		changed, text := c.changed, c.text.String()
		c.mu.Unlock()
		if m := want.FindStringSubmatch(text); m != nil {
			return m, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("no %q in %q", want, text)
		}
	}
}

// installation is a database with its key, and the built program that serves
// it, again and again.
type installation struct {
	t      *testing.T
	dir    string
	where  string // AKKOORD_DATABASE
	smtp   string // AKKOORD_SMTP
	secret string // API key of an owner
	people []string
	env    []string // further settings
	only   []string // settings in place of those of tests

	console *console
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	err     error         // how it ended

	mu   sync.Mutex
	site string // where the running process serves
}

// eachDatabase runs a test on both databases, in parallel.
func eachDatabase(t *testing.T, test func(t *testing.T, database string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, ownFile)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.New(t, store.Migrate))
	})
}

// ownFile is a SQLite file in the folder of the installation.
const ownFile = "sqlite:akkoord.db"

// install makes an installation on SQLite with n people who agreed to
// travel-news, a form home and a campaign winter-2027.
func install(t *testing.T, smtp string, people ...string) *installation {
	t.Helper()
	return installOn(t, ownFile, smtp, people...)
}

// installOn is install for any database.
func installOn(t *testing.T, database, smtp string, people ...string) *installation {
	t.Helper()
	in := &installation{t: t, dir: t.TempDir(), where: database, smtp: smtp, people: people}
	d := databaseSettings{Database: database, SecretFile: in.path("akkoord.key")}
	if database == ownFile {
		d.Database = "sqlite:" + in.path("akkoord.db")
	}
	st, err := d.openOrMake(t.Context(), io.Discard, "")
	if err != nil {
		t.Fatal(err)
	}
	err = in.seed(st)
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	return in
}

func (in *installation) path(name string) string { return filepath.Join(in.dir, name) }

func (in *installation) seed(st *store.Store) error {
	ctx := in.t.Context()
	purpose, err := st.PutPurpose(ctx, commandActor, demoPurposes[0])
	if err != nil {
		return err
	}
	form := demoForm
	form.Version.Purposes = []string{purpose.Slug}
	if form, err = st.PutForm(ctx, commandActor, form); err != nil {
		return err
	}
	if _, err = st.PutCampaign(ctx, commandActor, akkoord.Campaign{Slug: "winter-2027", Name: "Winter 2027", PurposeID: purpose.ID}); err != nil {
		return err
	}
	asked := time.Now().Add(-time.Hour)
	seeds := make([]store.Seed, len(in.people))
	for i, address := range in.people {
		email, err := akkoord.ParseEmail(address)
		if err != nil {
			return err
		}
		seeds[i] = store.Seed{
			Email: email, Name: "Anouk", Locale: "nl", Purposes: []akkoord.Purpose{purpose}, RequestedAt: asked, ConfirmedAt: asked.Add(time.Minute),
			Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: form.Version.ID},
		}
	}
	if err := st.SeedPeople(ctx, seeds); err != nil {
		return err
	}
	in.secret, err = addKey(ctx, st, akkoord.APIKey{Name: "test", Role: akkoord.RoleOwner, Reason: "Looks from outside."})
	return err
}

// numbered gives n addresses.
func numbered(pattern string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(pattern, i)
	}
	return out
}

// command is the built program on this installation.
func (in *installation) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary(in.t), args...)
	cmd.Dir = in.dir
	cmd.Env = cleanEnv(
		"AKKOORD_DATABASE="+in.where, "AKKOORD_LISTEN=127.0.0.1:0", "AKKOORD_OPS_LISTEN=127.0.0.1:0", "AKKOORD_SIGNUPS_PER_IP=0",
		"AKKOORD_SMTP="+in.smtp, "AKKOORD_FROM="+demoFrom, "AKKOORD_CONTROLLER="+demoController, "AKKOORD_POSTAL_ADDRESS="+demoAddress,
		"AKKOORD_PRIVACY_CONTACT="+demoContact,
	)
	cmd.Env = append(cmd.Env, in.env...)
	if in.only != nil {
		cmd.Env = cleanEnv(in.only...)
	}
	return cmd
}

// servingLine is how a server says where it listens, as text or JSON.
var servingLine = regexp.MustCompile(`msg"?[=:]"?serving"?.*\blisten"?[=:]"?([^" ]+)`)

// start begins to serve, and returns when the site answers.
func (in *installation) start() {
	in.t.Helper()
	in.console, in.ended = newConsole(), make(chan struct{})
	in.cmd = in.command(context.Background(), "serve")
	in.cmd.Stderr = in.console
	if err := in.cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(in.kill)
	go func(cmd *exec.Cmd, ended chan struct{}) {
		in.err = cmd.Wait()
		close(ended)
	}(in.cmd, in.ended)
	ctx, cancel := context.WithTimeout(in.t.Context(), patience)
	defer cancel()
	m, err := in.console.await(ctx, servingLine)
	if err != nil {
		in.t.Fatal("the server does not start: ", err)
	}
	in.mu.Lock()
	in.site = "http://" + m[1]
	in.mu.Unlock()
}

func (in *installation) base() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.site
}

// kill ends the process as a power cut of its own would: SIGKILL.
func (in *installation) kill() {
	in.cmd.Process.Kill()
	<-in.ended
}

// terminate asks the process to end (SIGTERM) and gives how it did.
func (in *installation) terminate() error {
	if err := in.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-in.ended:
		return in.err
	case <-time.After(patience):
		return errors.New("the process does not end")
	}
}

var client = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// post posts a form to the site and gives the status. An error means that
// nobody answered.
func (in *installation) post(path string, values url.Values) (int, error) {
	res, err := client.PostForm(in.base()+path, values)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// statusError is an answer of the API that was not a success.
type statusError struct {
	status int
	body   string
}

func (e statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.body) }

// api calls the JSON API. in and out may be nil.
func (in *installation) api(method, path string, body, out any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, in.base()+"/api/v1"+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+in.secret)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return statusError{res.StatusCode, string(b)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

func (in *installation) must(err error) {
	in.t.Helper()
	if err != nil {
		in.t.Fatalf("%v\nThe server said:\n%s", err, in.console)
	}
}

// draft makes a mailing of the campaign.
func (in *installation) draft() string {
	in.t.Helper()
	var m struct {
		ID string `json:"id"`
	}
	in.must(in.api("POST", "/campaigns/winter-2027/mailings", map[string]string{
		"subject": `{{name | default: "Reiziger"}}, de sneeuw ligt er`, "markdown": "Beste {{name}}, kies nu [uw dorp](https://www.zonvaart.example/winter).",
	}, &m))
	return m.ID
}

// send begins to send a new mailing and gives its id.
func (in *installation) send() string {
	in.t.Helper()
	id := in.draft()
	in.must(in.api("POST", "/mailings/"+id+"/send", nil, nil))
	return id
}

// mailing looks at a mailing. Wherever one looks it must add up (P07).
func (in *installation) mailing(id string) (apiMailing, error) {
	var m apiMailing
	if err := in.api("GET", "/mailings/"+id, nil, &m); err != nil {
		return m, err
	}
	if sum := m.Open + m.Sent + m.Deferred + m.Bounced + m.Failed + m.Uncertain + m.Skipped; sum != m.Total {
		in.t.Errorf("the deliveries add up to %d of %d: %+v (P07)", sum, m.Total, m)
	}
	if m.State == "sent" && m.Open+m.Deferred > 0 {
		in.t.Errorf("a mailing is sent and is not finished: %+v (P07)", m)
	}
	return m, nil
}

// await looks at a mailing until it is as wanted.
func (in *installation) await(id string, want func(apiMailing) bool) apiMailing {
	in.t.Helper()
	var m apiMailing
	in.until(fmt.Sprintf("mailing %s to get on", id), func() bool {
		var err error
		m, err = in.mailing(id)
		in.must(err)
		return want(m)
	})
	return m
}

func isSent(m apiMailing) bool { return m.State == "sent" }

// until waits for a condition.
func (in *installation) until(what string, ok func() bool) {
	in.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			in.t.Fatalf("waited in vain for %s\nThe server said:\n%s", what, in.console)
		}
	}
}

// deliveries gives the addresses whose delivery is in a state.
func (in *installation) deliveries(id, state string) []string {
	in.t.Helper()
	var out []string
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Email string `json:"email"`
				State string `json:"state"`
			} `json:"items"`
			Next *string `json:"next_cursor"`
		}
		in.must(in.api("GET", "/mailings/"+id+"/deliveries?limit=200&state="+state+"&cursor="+url.QueryEscape(cursor), nil, &page))
		for _, d := range page.Items {
			if d.State != state {
				in.t.Fatalf("asked for %s, got %s", state, d.State)
			}
			out = append(out, d.Email)
		}
		if page.Next == nil {
			return out
		}
		cursor = *page.Next
	}
}

// allowed asks the gate whether an address may get travel-news.
func (in *installation) allowed(address string) bool {
	in.t.Helper()
	var v struct {
		Allowed bool `json:"allowed"`
	}
	in.must(in.api("GET", "/gate?purpose=travel-news&email="+url.QueryEscape(address), nil, &v))
	return v.Allowed
}

// verifyLedger runs `akkoord ledger verify` beside the server (P25).
func (in *installation) verifyLedger() {
	in.t.Helper()
	if out, err := in.command(in.t.Context(), "ledger", "verify").CombinedOutput(); err != nil {
		in.t.Errorf("the ledger does not verify: %v %s", err, out)
	}
}
