package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akkoord/store"
	"akkoord/store/pgtest"
)

// imageEnv gives the variables that the image sets.
func imageEnv(t *testing.T) map[string]string {
	t.Helper()
	text := strings.ReplaceAll(document(t, "../../Dockerfile"), "\\\n", " ")
	_, line, found := strings.Cut(text, "\nENV ")
	if !found {
		t.Fatal("the Dockerfile sets nothing")
	}
	line, _, _ = strings.Cut(line, "\n")
	out := map[string]string{}
	for _, pair := range strings.Fields(line) {
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}

// exampleEnv gives the settings of the example file.
func exampleEnv(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(document(t, deploy+"/akkoord.env.example")) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			out[name] = value
		}
	}
	return out
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

// What the compose files name exists: services, volumes, networks, commands,
// ports; and nothing needs a shell in an image that has none (P36).
func TestComposeFilesNameWhatThereIs(t *testing.T) {
	image := imageEnv(t)
	site, ops := port(image["AKKOORD_LISTEN"]), port(image["AKKOORD_OPS_LISTEN"])
	caddy := document(t, deploy+"/Caddyfile")
	for _, want := range []string{"health_port " + ops, "health_uri /readyz?exclude=backup", "{$NODES:akkoord:" + site + "}"} {
		if !strings.Contains(caddy, want) {
			t.Errorf("the Caddyfile lacks %q", want)
		}
	}
	for _, file := range []string{"compose.yaml", "compose.postgres.yaml"} {
		c := composeFile(t, file)
		for name, s := range c.Services {
			var needs []string
			switch d := s.DependsOn.(type) {
			case []any:
				for _, other := range d {
					needs = append(needs, fmt.Sprint(other))
				}
			case map[string]any:
				needs = slices.Collect(maps.Keys(d))
			}
			for _, other := range needs {
				if _, ok := c.Services[other]; !ok {
					t.Errorf("%s, %s waits for %s, which is not there", file, name, other)
				}
			}
			for _, v := range s.Volumes {
				source, _, _ := strings.Cut(fmt.Sprint(v), ":")
				if _, bind := v.(string); bind && !strings.HasPrefix(source, ".") {
					if _, ok := c.Volumes[source]; !ok {
						t.Errorf("%s, %s mounts %s, which is not there", file, name, source)
					}
				} else if bind {
					if _, err := os.Stat(deploy + "/" + source); err != nil {
						t.Errorf("%s, %s: %v", file, name, err)
					}
				}
			}
			if s.Image != "akkoord" {
				continue
			}
			if len(s.Healthcheck.Test) > 0 {
				t.Errorf("%s, %s has a health check, and its image no program for one", file, name)
			}
			if s.EnvFile != "akkoord.env" {
				t.Errorf("%s, %s reads %q", file, name, s.EnvFile)
			}
			if len(s.Command) > 0 && (len(s.Command) != 1 || s.Command[0] != "migrate") {
				t.Errorf("%s, %s runs %v", file, name, s.Command)
			}
		}
		for node := range strings.FieldsSeq(c.Services["caddy"].Environment["NODES"]) {
			host, p, _ := net.SplitHostPort(node)
			if _, ok := c.Services[host]; !ok || p != site {
				t.Errorf("%s: the proxy sends to %s", file, node)
			}
		}
	}
}

var interpolated = regexp.MustCompile(`\$\{([A-Z_]+)[^}]*\}`)

// fleet is the nodes of compose.postgres.yaml with exactly the environment of
// the image, the example and the file, but for addresses and folders, behind a
// proxy that does what the Caddyfile says.
type fleet struct {
	nodes []*installation
	next  atomic.Int64
}

func composeFleet(t *testing.T, database string, sink *sinkProcess) (migrate *installation, f *fleet) {
	t.Helper()
	way := pgtest.NewStrait(t, database, "")
	dir := t.TempDir()
	c := composeFile(t, "compose.postgres.yaml")
	node := func(name string) *installation {
		env := imageEnv(t)
		maps.Copy(env, exampleEnv(t))
		for k, v := range c.Services[name].Environment {
			env[k] = interpolated.ReplaceAllString(v, "${1}-0123456789abcdef")
		}
		u, err := url.Parse(env["AKKOORD_DATABASE"])
		if err != nil || u.User.Username() != "akkoord" {
			t.Fatalf("%s uses %s (%v)", name, env["AKKOORD_DATABASE"], err)
		}
		there, err := url.Parse(way.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.Host, u.Path = there.Host, there.Path
		maps.Copy(env, map[string]string{
			"AKKOORD_DATABASE": u.String(), "AKKOORD_SECRET_FILE": dir + "/akkoord.key", "AKKOORD_TRUSTED_PROXIES": "127.0.0.0/8",
			"AKKOORD_LISTEN": "127.0.0.1:0", "AKKOORD_OPS_LISTEN": "127.0.0.1:0", "AKKOORD_SMTP": sink.url(1), "AKKOORD_SMTP_PROCESSOR": "own",
			"TMPDIR": dir, "ZONEINFO": "",
		})
		in := &installation{t: t, dir: dir, where: u.String()}
		for k, v := range env {
			in.only = append(in.only, k+"="+v)
		}
		return in
	}
	f = &fleet{}
	for _, name := range []string{"node1", "node2", "node3"} {
		f.nodes = append(f.nodes, node(name))
	}
	return node("migrate"), f
}

// ServeHTTP sends a request to one node after the other until one can be
// reached, for 5 seconds at most.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		n := f.nodes[int(f.next.Add(1))%len(f.nodes)]
		out, err := http.NewRequestWithContext(r.Context(), r.Method, n.base()+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		out.Header = r.Header.Clone()
		out.Header.Set("X-Forwarded-Proto", "https")
		out.Host = "news.example.org"
		res, err := client.Transport.RoundTrip(out)
		if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
			continue
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
		return
	}
	http.Error(w, "no node", http.StatusBadGateway)
}

// The nodes of compose.postgres.yaml are replaced one after the other while
// visitors sign up through the proxy: each is answered, gets the mail with links
// to AKKOORD_URL, and can confirm (P23, P24, M25). One a node may have to press
// again: HTTP/1.1 lets a server close a connection that a proxy just writes to
// (RFC 9112 section 9.5), and no proxy sends a POST twice.
func TestP23P24ComposeNodesAreReplacedWithoutAGap(t *testing.T) {
	t.Parallel()
	sink := startSink(t)
	migrate, f := composeFleet(t, pgtest.New(t, store.Migrate), sink)
	if out, err := migrate.command(t.Context(), "migrate").CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v %s", err, out)
	}
	st, err := databaseSettings{Database: migrate.where, SecretFile: migrate.path("akkoord.key")}.open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrate.seed(st), st.Close()); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes {
		n.secret = migrate.secret
		n.start()
	}
	proxy := httptest.NewServer(f)
	defer proxy.Close()

	ask := func(method, path, body, from string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), method, proxy.URL+path, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-For", from)
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return res, errors.Join(err, res.Body.Close())
	}
	var again atomic.Int64
	crowd := migrate.loadAt(100*time.Millisecond, func(worker, n int) string { return fmt.Sprintf("bezoeker-%d-%d@gast%d.example", worker, n, n%10) },
		func(to string) (int, error) {
			var worker, n, host int
			if _, err := fmt.Sscanf(to, "bezoeker-%d-%d@gast%d.example", &worker, &n, &host); err != nil {
				return 0, err
			}
			res, err := ask(http.MethodPost, "/f/home", url.Values{"email": {to}, "purpose": {"travel-news"}, "locale": {"nl"}}.Encode(), fmt.Sprintf("100.%d.%d.9", 64+worker, n%250))
			if err != nil {
				return 0, err
			}
			if res.StatusCode == http.StatusBadGateway {
				again.Add(1)
				return 0, errors.New("the connection to the node was just closed")
			}
			if res.StatusCode == http.StatusSeeOther && !strings.HasPrefix(res.Header.Get("Strict-Transport-Security"), "max-age") {
				t.Error("a node does not know that the visitor came by https")
			}
			return res.StatusCode, nil
		}, http.StatusSeeOther)
	for i, n := range f.nodes {
		at := crowd.count() + 15
		n.until("sign-ups", func() bool { return crowd.count() >= at })
		if err := n.terminate(); err != nil {
			t.Errorf("node %d ends with %v\n%s", i+1, err, n.console)
		}
		n.start()
		n.until("the node to be ready", func() bool { status, _ := n.ready(); return status == http.StatusOK })
	}
	people := crowd.stop()
	if n := again.Load(); n > int64(len(f.nodes)) {
		t.Errorf("%d visitors had to press again while %d nodes were replaced", n, len(f.nodes))
	}

	last := f.nodes[len(f.nodes)-1]
	last.until("the confirmation mails", func() bool {
		got := sink.got("")
		return !slices.ContainsFunc(people, func(to string) bool { return len(got[to]) == 0 })
	})
	to := people[len(people)-1]
	if res, err := ask(http.MethodPost, sink.got("")[to][0].link, "", "100.64.1.1"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("confirming gave %v, %v", res, err)
	}
	migrate.verifyLedger()
}
