package mailertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const good = "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nFrom: Zonvaart <news@zonvaart.example>\r\nTo: jan@mail.example\r\nSubject: =?utf-8?q?Zo=C3=AB_<b>?=\r\n" +
	"Message-ID: <1@zonvaart.example>\r\nMIME-Version: 1.0\r\nX-Campaign: winter\r\nX-Mailing: 7\r\nList-Id: <travel.zonvaart.example>\r\n" +
	"List-Unsubscribe: <https://zonvaart.example/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
	"DKIM-Signature: v=1; h=From:To:List-Unsubscribe:List-\r\n Unsubscribe-Post; b=x\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDag Zo=C3=AB\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"<html><head><title>x</title></head><body><script>alert(1)</script>=\r\n<a href=3D\"https://z.example/\">Zo=C3=AB</a></body></html>\r\n--b--\r\n"

// P29: a good mail passes, and each fault is found.
func TestLintFindsEachFault(t *testing.T) {
	if got := Lint([]byte(good)); got != nil {
		t.Fatalf("a good mail: %v", got)
	}
	tests := map[string][3]string{ // replace, by, expected words
		"bare LF":          {"X-Mailing: 7\r\n", "X-Mailing: 7\n", "CRLF"},
		"bare CR":          {"Dag", "D\rag", "bare CR"},
		"NUL":              {"Dag", "D\x00ag", "NUL"},
		"long line":        {"Dag", strings.Repeat("x", 999), "over 998"},
		"long QP line":     {"Dag", strings.Repeat("x", 77), "over 76"},
		"second From":      {"To: jan", "From: a@b.example\r\nTo: jan", "From occurs 2"},
		"no date":          {"Date: Tue", "X-Date: Tue", "Date occurs 0"},
		"no Message-ID":    {"Message-ID", "X-ID", "Message-Id occurs 0"},
		"Bcc":              {"To: jan", "Bcc: a@b.example\r\nTo: jan", "Bcc"},
		"two unsubscribes": {"List-Unsubscribe-Post:", "List-Unsubscribe: <https://a.example/>\r\nList-Unsubscribe-Post:", "List-Unsubscribe occurs 2"},
		"no one-click":     {"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "", "Post is"},
		"plain http":       {"<https://zonvaart.example/u/1>", "<http://zonvaart.example/u/1>", "http URI"},
		"mailto alone":     {"<https://zonvaart.example/u/1>", "<mailto:a@b.example>", "0 https"},
		"not signed":       {"List-Unsubscribe:List-\r\n Unsubscribe-Post;", "Subject;", "DKIM doesn't cover"},
		"raw UTF-8 header": {"=?utf-8?q?Zo=C3=AB_<b>?=", "Zoë", "printable ASCII"},
		"8bit body":        {"Dag Zo=C3=AB", "Dag Zoë", "over 7 bit"},
		"HTML first":       {"text/plain", "text/html", "text first"},
		"other charset":    {"text/html; charset=utf-8", "text/html; charset=latin1", "charset"},
		"two mailboxes":    {"Zonvaart <news@zonvaart.example>", "a@b.example, c@d.example", "one mailbox"},
		"space at the end": {"Dag Zo=C3=AB", "Dag ", "white space"},
		"empty part":       {"Dag Zo=C3=AB", "", "empty"},
	}
	for name, tt := range tests {
		bad := strings.Replace(good, tt[0], tt[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing replaced", name)
		}
		if got := strings.Join(Lint([]byte(bad)), "\n"); !strings.Contains(got, tt[2]) {
			t.Errorf("%s: lint says %q, want %q", name, got, tt[2])
		}
	}
}

func start(t *testing.T, conf Config) *Server {
	t.Helper()
	s, err := Start(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t *testing.T, s *Server, to string) error {
	t.Helper()
	return smtp.SendMail(s.Addr(), nil, "bounces@zonvaart.example", []string{to}, []byte(good))
}

func TestRulesAnswerPerRecipientAndStage(t *testing.T) {
	s := start(t, Config{Keep: 2, Rules: []Rule{
		{Stage: AtRcpt, Match: "gone@", Code: 550, Enhanced: [3]int{5, 1, 1}},
		{Stage: AtDot, Match: "later@", Code: 451, Text: "not yet", Times: 1},
		{Stage: AtDot, Match: "lost@", Do: Drop},
		{Stage: AtMail, Match: "nobody", Code: 553},
	}})
	for _, tt := range []struct{ to, err string }{
		{"gone@x.example", "5.1.1"}, {"later@x.example", "not yet"}, {"later@x.example", ""}, {"lost@x.example", "EOF"}, {"fine@x.example", ""},
	} {
		err := send(t, s, tt.to)
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %v, want %q", tt.to, err, tt.err)
		}
	}
	var ids []string // bounded to two; the lost answer's message was taken
	for _, m := range s.Messages("") {
		ids = append(ids, m.ID+" "+m.To[0])
	}
	if diff := cmp.Diff([]string{"2 lost@x.example", "3 fine@x.example"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestWaitSeesAMessageAsItComes(t *testing.T) {
	s := start(t, Config{})
	done := make(chan []Message)
	go func() { m, _ := s.Wait(t.Context(), "JAN@mail.example", 1); done <- m }()
	if err := send(t, s, "jan@mail.example"); err != nil {
		t.Fatal(err)
	}
	if m := <-done; len(m) != 1 || !bytes.Equal(m[0].Raw, []byte(good)) || m[0].From != "bounces@zonvaart.example" {
		t.Errorf("got %+v", m)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(ctx, "", 2); err == nil {
		t.Error("waited for nothing, without an error")
	}
}

func TestInboxForPrograms(t *testing.T) {
	s := start(t, Config{})
	site := httptest.NewServer(NewInbox(s))
	defer site.Close()
	get := func(path string, v any) int {
		t.Helper()
		res, err := http.Get(site.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if v != nil {
			if err := json.NewDecoder(res.Body).Decode(v); err != nil {
				t.Fatal(err)
			}
		}
		return res.StatusCode
	}
	for _, to := range []string{"jan@mail.example", "an@mail.example"} {
		if err := send(t, s, to); err != nil {
			t.Fatal(err)
		}
	}
	var list struct{ Items []Summary }
	if get("/api/messages", &list); len(list.Items) != 2 || list.Items[0].ID != "2" {
		t.Fatalf("list %+v", list)
	}
	if get("/api/messages?to=Jan@mail.example", &list); len(list.Items) != 1 {
		t.Fatalf("list of one person %+v", list)
	}
	got := list.Items[0]
	want := Summary{ID: "1", To: []string{"jan@mail.example"}, From: "bounces@zonvaart.example", Subject: "Zoë <b>", At: got.At, Campaign: "winter", Mailing: "7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var d Detail
	get("/api/messages/1", &d)
	if !strings.Contains(d.Text, "Dag Zoë") || !strings.Contains(d.HTML, `href="https://z.example/"`) || d.Raw != good || d.Headers["Subject"][0] != "Zoë <b>" {
		t.Errorf("detail %+v", d)
	}
	if code := get("/api/messages/9", nil); code != 404 {
		t.Errorf("unknown message: %d", code)
	}
	req, _ := http.NewRequest("DELETE", site.URL+"/api/messages", nil)
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != 204 {
		t.Errorf("delete: %v %v", res, err)
	}
	if get("/api/messages", &list); len(list.Items) != 0 {
		t.Errorf("after delete %+v", list)
	}
}

// A mail can't run a script in the inbox, and its text is shown as text.
func TestInboxPagesRunNothing(t *testing.T) {
	s := start(t, Config{})
	in := NewInbox(s)
	get := func(path string) (*http.Response, string) {
		w := httptest.NewRecorder()
		in.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		b, _ := io.ReadAll(w.Result().Body)
		return w.Result(), string(b)
	}
	if _, page := get("/"); !strings.Contains(page, "Nothing here yet") || !strings.Contains(page, s.Addr()) {
		t.Error("the empty inbox teaches nothing")
	}
	if err := send(t, s, "jan@mail.example"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/": "Zoë &lt;b&gt;", "/?to=jan@mail.example": "show all", "/m/1": `sandbox="allow-popups allow-popups-to-escape-sandbox"`,
		"/m/1?view=text": "Dag Zoë", "/m/1?view=headers": "List-Unsubscribe-Post", "/m/1?view=raw": "&lt;script&gt;", "/inbox.css": "--accent", "/m/2": "No such mail",
	} {
		res, page := get(path)
		if !strings.Contains(page, want) || strings.Contains(page, "<script") {
			t.Errorf("%s lacks %q or holds a script", path, want)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	res, frame := get("/m/1/html")
	if !strings.Contains(frame, `<head><base target="_blank">`) {
		t.Errorf("frame without base: %s", frame)
	}
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox ") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "script-src") {
		t.Errorf("frame policy %q", policy)
	}
	if res, raw := get("/m/1/raw"); raw != good || res.Header.Get("Content-Type") != "message/rfc822" {
		t.Error("raw differs")
	}
	w := httptest.NewRecorder()
	foreign := httptest.NewRequest("POST", "/clear", nil)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	in.ServeHTTP(w, foreign)
	if w.Code != 403 || len(s.Messages("")) != 1 {
		t.Errorf("a foreign page could clear the inbox: %d", w.Code)
	}
}
