package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

const deploy = "../../deploy"

func document(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// documented gives the first cells of the table in a section of the manual.
func documented(t *testing.T, section string) []string {
	t.Helper()
	_, rest, found := strings.Cut(document(t, "../../docs/operations.md"), "<!-- "+section+" -->")
	text, _, ended := strings.Cut(rest, "<!-- end -->")
	if !found || !ended {
		t.Fatalf("the manual has no section %s", section)
	}
	var names []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z_]+)").FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// alertRule is what the tests want to know of an alert.
type alertRule struct {
	Alert, Expr string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal([]byte(document(t, deploy+"/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var out []alertRule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

// expressions gives the queries of the dashboard.
func expressions(t *testing.T) []string {
	t.Helper()
	var board struct {
		Title  string
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
			GridPos     struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(document(t, deploy+"/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range board.Panels {
		if p.Type != "row" && len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q has no query or no place", p.Title)
		}
		for _, target := range p.Targets {
			out = append(out, target.Expr)
		}
	}
	return out
}

// The manual, the dashboard and the alerts name metrics that a running server
// has, and the manual names all of ours.
func TestMetricsInTheManualDashboardAndAlertsExist(t *testing.T) {
	t.Parallel()
	s := startScraped(t)
	p := newPlayer(t.Context(), s.demo)
	for _, step := range []func() error{p.signUp, p.receiveConfirmation, p.confirm} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	families := s.families()
	ours := slices.DeleteFunc(slices.Clone(families), func(name string) bool { return !strings.HasPrefix(name, "akkoord_") })
	if diff := cmp.Diff(ours, documented(t, "metrics")); diff != "" {
		t.Errorf("metrics in docs/operations.md (-server +manual):\n%s", diff)
	}

	queries := expressions(t)
	for _, a := range alerts(t) {
		queries = append(queries, a.Expr)
	}
	if len(queries) < 30 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	known := func(name string) bool {
		if name == "up" || slices.Contains(families, name) {
			return true
		}
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if of, cut := strings.CutSuffix(name, part); cut && slices.Contains(families, of) {
				return true
			}
		}
		return false
	}
	word := regexp.MustCompile(`\b(up|(?:akkoord|process|go)_[a-z0-9_]+)\b`)
	for _, q := range queries {
		names := word.FindAllString(q, -1)
		if len(names) == 0 {
			t.Errorf("no metric in %s", q)
		}
		for _, name := range names {
			if !known(name) {
				t.Errorf("no server has %s, of %s", name, q)
			}
		}
		for _, pair := range []string{"()", "{}", "[]"} {
			if strings.Count(q, pair[:1]) != strings.Count(q, pair[1:]) {
				t.Errorf("%s is not balanced in %s", pair, q)
			}
		}
	}
}

// Whoever is woken finds in the manual what to do.
func TestAlertsAreDocumented(t *testing.T) {
	var want []string
	for _, a := range alerts(t) {
		want = append(want, a.Alert)
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has the severity %q", a.Alert, s)
		}
		if a.Annotations["summary"] == "" {
			t.Errorf("%s says nothing", a.Alert)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, documented(t, "alerts")); diff != "" {
		t.Errorf("alerts in docs/operations.md (-rules +manual):\n%s", diff)
	}
}

// The files of deploy/ can be read, and set no setting that there is not.
func TestDeployFiles(t *testing.T) {
	settings := map[string]bool{}
	for _, m := range regexp.MustCompile(`env:"(AKKOORD_[A-Z_]+)"`).FindAllStringSubmatch(document(t, "settings.go"), -1) {
		settings[m[1]] = true
	}
	entries, err := os.ReadDir(deploy)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(deploy, e.Name())
		text := document(t, path)
		if filepath.Ext(path) == ".yaml" {
			var all any
			decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
			if err := decoder.Decode(&all); err != nil {
				t.Errorf("%s: %v", e.Name(), err)
			}
			if err := decoder.Decode(&all); !errors.Is(err, io.EOF) {
				t.Errorf("%s holds more than one document: %v", e.Name(), err)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*(AKKOORD_[A-Z_]+)[:=]`).FindAllStringSubmatch(text, -1) {
			if !settings[m[1]] {
				t.Errorf("%s sets %s, which is no setting", e.Name(), m[1])
			}
		}
	}
}

// service is a container of a compose file.
type service struct {
	Image       string
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	Environment map[string]string `yaml:"environment"`
	Stop        string            `yaml:"stop_grace_period"`
	Ports       []string
	Networks    []string
	Command     []string
	EnvFile     string `yaml:"env_file"`
	Volumes     []any
	DependsOn   any `yaml:"depends_on"`
	Healthcheck struct{ Test []string }
}

// composed is a compose file.
type composed struct {
	Services map[string]service
	Volumes  map[string]any
	Networks map[string]struct {
		IPAM struct{ Config []struct{ Subnet string } } `yaml:"ipam"`
	}
}

func composeFile(t *testing.T, name string) composed {
	t.Helper()
	var c composed
	if err := yaml.Unmarshal([]byte(document(t, filepath.Join(deploy, name))), &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// P24, P28: nodes of the compose files run with a read-only root and without
// privileges, have the time to finish mails, trust the proxy's network alone
// and show their figures to the own machine only.
func TestComposeFilesHardenTheNodes(t *testing.T) {
	for file, nodes := range map[string][]string{"compose.yaml": {"akkoord"}, "compose.postgres.yaml": {"node1", "node2", "node3"}} {
		c := composeFile(t, file)
		for _, name := range nodes {
			n, ok := c.Services[name]
			if !ok || !n.ReadOnly || !slices.Equal(n.CapDrop, []string{"ALL"}) || !slices.Contains(n.SecurityOpt, "no-new-privileges:true") || n.Stop != "40s" {
				t.Errorf("%s, %s: %+v", file, name, n)
				continue
			}
			for _, p := range n.Ports {
				if !strings.HasPrefix(p, "127.0.0.1:") || !strings.HasSuffix(p, ":8081") {
					t.Errorf("%s, %s publishes %s", file, name, p)
				}
			}
			net := c.Networks[n.Networks[0]].IPAM.Config[0].Subnet
			if n.Environment["AKKOORD_TLS"] != "proxy" || n.Environment["AKKOORD_TRUSTED_PROXIES"] != net {
				t.Errorf("%s, %s trusts %v in the network %s", file, name, n.Environment, net)
			}
		}
	}
}
