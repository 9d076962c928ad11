package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord/store"
	"akkoord/store/pgtest"
)

// One of two nodes is cut off from PostgreSQL in the middle of a campaign, for
// longer than its lease, and nobody tells it. It answers 503 with the time to
// come again and says that it is not ready; the other takes over what it held;
// when it is back it serves again by itself, and nobody got the mailing twice
// (P19, P34, P36, P06).
func TestP34P19ANodeThatIsCutOffSaysSoAndComesBack(t *testing.T) {
	t.Parallel()
	const people = 1000
	sink := startSink(t)
	database := pgtest.New(t, store.Migrate)
	strait := pgtest.NewStrait(t, database, "connect_timeout=1")
	a := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	a.start()
	cut := a.another()
	cut.where = strait.URL
	cut.start()
	sink.slow(10 * time.Millisecond)
	mailing := a.send()
	a.until("300 mails", func() bool { return sink.read() >= 300 })
	strait.Shut(false)

	visitor := 0
	signUp := func(in *installation) *http.Response {
		t.Helper()
		visitor++
		res, err := client.PostForm(in.base()+"/f/home", url.Values{"email": {fmt.Sprintf("bezoeker%d@voorbeeld.example", visitor)}, "purpose": {"travel-news"}, "locale": {"nl"}})
		in.must(err)
		_, err = io.Copy(io.Discard, res.Body)
		in.must(err)
		in.must(res.Body.Close())
		return res
	}
	for range 3 {
		if res := signUp(cut); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("cut off, a sign-up is answered %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	if status, text := cut.ready(); status != http.StatusServiceUnavailable || !strings.Contains(text, "fail database") {
		t.Errorf("cut off, /readyz says %d %s", status, text)
	}
	if res := signUp(a); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the other node answers %d", res.StatusCode)
	}
	m := a.await(mailing, isSent) // only when what the other held is taken over

	strait.Open()
	cut.until("the node to be back", func() bool { return signUp(cut).StatusCode == http.StatusSeeOther })
	cut.until("the node to be ready", func() bool { status, _ := cut.ready(); return status == http.StatusOK })
	if m.Total != people || m.Sent+m.Uncertain != people || m.Uncertain > connections {
		t.Errorf("%+v of %d people", m, people)
	}
	cut.until("the mail of a sign-up", func() bool { return len(sink.got("")[fmt.Sprintf("bezoeker%d@voorbeeld.example", visitor)]) == 1 })
	if after, err := cut.mailing(mailing); err != nil || after != m {
		t.Errorf("a node that was cut off made %+v of %+v (%v)", after, m, err)
	}
	a.onceOrUncertain(sink, mailing)
	if err := cut.terminate(); err != nil {
		t.Errorf("a node that was cut off ends with %v\n%s", err, cut.console)
	}
	a.verifyLedger()
}

var opsAddress = regexp.MustCompile(`msg"?[=:]"?serving"?.*\bops"?[=:]"?([^"\s]+)`)

// ready asks /readyz.
func (in *installation) ready() (status int, text string) {
	in.t.Helper()
	m := opsAddress.FindStringSubmatch(in.console.String())
	if m == nil {
		in.t.Fatal("the server does not say where /readyz is")
	}
	res, err := client.Get("http://" + m[1] + "/readyz?exclude=backup")
	in.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	in.must(err)
	return res.StatusCode, string(b)
}
