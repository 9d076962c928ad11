package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
)

// limits is AKKOORD_SIGNUPS_PER_IP of the test of two nodes.
const limits = 20

// visit asks a page of a node and gives the status, and the cookie that was
// set or else the one that was sent.
func (in *installation) visit(method, path, cookie string) (status int, after string) {
	in.t.Helper()
	req, err := http.NewRequestWithContext(in.t.Context(), method, in.base()+path, http.NoBody)
	in.must(err)
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	res, err := client.Do(req)
	in.must(err)
	_, err = io.Copy(io.Discard, res.Body)
	in.must(err)
	in.must(res.Body.Close())
	for _, c := range res.Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	return res.StatusCode, cookie
}

// What is limited or works once is so over all nodes, whichever of them a proxy
// chooses: a login link and its session, sign-ups of one client, mails to one
// mailbox (P14) and tests of mailings; and a confirmation link works on each.
func TestP14SessionsLimitsAndOneTimeLinksHoldOverNodes(t *testing.T) {
	t.Parallel()
	sink := startSink(t)
	a := installOn(t, pgtest.New(t, store.Migrate), sink.url(connections))
	a.env = []string{fmt.Sprintf("AKKOORD_SIGNUPS_PER_IP=%d/h", limits)}
	login := a.loginPath()
	a.start()
	b := a.another()
	b.start()
	nodes := []*installation{a, b}

	check := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: the answer is %d, not %d", what, got, want)
		}
	}
	status, cookie := a.visit("POST", login, "")
	check("the login link on the first node", status, http.StatusSeeOther)
	status, _ = b.visit("POST", login, "")
	check("the same link on the second", status, http.StatusGone)
	status, _ = b.visit("GET", "/admin", cookie)
	check("the session on the second", status, http.StatusOK)
	status, _ = b.visit("POST", "/admin/logout", cookie)
	check("logging out there", status, http.StatusSeeOther)
	status, _ = a.visit("GET", "/admin", cookie)
	check("the session on the first, after that", status, http.StatusSeeOther)

	signUp := func(n int, address string) int {
		t.Helper()
		status, err := nodes[n%2].post("/f/home", url.Values{"email": {address}, "purpose": {"travel-news"}, "locale": {"nl"}})
		a.must(err)
		return status
	}
	admitted := 0
	for n := range 2*limits + 2 {
		address := "dezelfde@voorbeeld.example"
		if n >= 6 {
			address = fmt.Sprintf("bezoeker%d@voorbeeld.example", n)
		}
		switch status := signUp(n, address); status {
		case http.StatusSeeOther:
			admitted++
		case http.StatusTooManyRequests:
		default:
			t.Errorf("sign-up %d: %d", n, status)
		}
	}
	if admitted != limits {
		t.Errorf("two nodes admitted %d sign-ups of one client, want %d", admitted, limits)
	}
	mails := akkoord.Limits.ConfirmMails + limits - 6
	a.until("the confirmation mails", func() bool { return sink.read() >= mails })
	same := sink.got("")["dezelfde@voorbeeld.example"]
	if len(same) != akkoord.Limits.ConfirmMails {
		t.Fatalf("one mailbox got %d mails, want %d", len(same), akkoord.Limits.ConfirmMails)
	}
	for _, n := range nodes {
		status, err := n.post(same[0].link, nil)
		a.must(err)
		check("the confirmation link", status, http.StatusOK)
	}

	mailing, tests := a.draft(), 0
	for n := range akkoord.TestMails + 2 {
		err := nodes[n%2].api("POST", "/mailings/"+mailing+"/test", map[string]string{"email": "team@voorbeeld.example"}, nil)
		if e, ok := err.(statusError); err != nil && (!ok || e.status != http.StatusTooManyRequests) {
			t.Fatal(err)
		}
		if err == nil {
			tests++
		}
	}
	if tests != akkoord.TestMails {
		t.Errorf("two nodes sent %d tests, want %d", tests, akkoord.TestMails)
	}
	a.verifyLedger()
}

// loginPath makes an owner and gives the path of their login link.
func (in *installation) loginPath() string {
	in.t.Helper()
	st, err := databaseSettings{Database: in.where, SecretFile: in.path("akkoord.key")}.open(in.t.Context(), "")
	in.must(err)
	defer st.Close()
	user, err := st.AddUser(in.t.Context(), commandActor, akkoord.User{Email: "eigenaar@voorbeeld.example", Role: akkoord.RoleOwner, Reason: "Looks from outside."})
	in.must(err)
	link, err := loginLink(in.t.Context(), st, "", user)
	in.must(err)
	return strings.TrimSpace(link)
}
