package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// What a sending service tells of a mail counts by the return path that the
// mail itself brought there: a bounce ends mail to that mailbox, a complaint
// everything, and neither does more when it is told again or forged (J.11, J.12,
// P15).
func TestWebhooksOfASendingServiceCountByTheMailThatTheyAreAbout(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		server := relay(t)
		in := installOn(t, database, server.URL(), numbered("reiziger%02d@voorbeeld.example", 3)...)
		in.env = []string{"AKKOORD_RETURN_PATH=bounces@zonvaart.example", "AKKOORD_HOOKS=mailgun:signing-key"}
		in.start()
		mailing := in.send()
		in.await(mailing, isSent)
		told := func(i int) string {
			t.Helper()
			m, err := mail.ReadMessage(strings.NewReader(string(server.Messages(in.people[i])[0].Raw)))
			in.must(err)
			own := m.Header.Get("X-Mailgun-Variables")
			if own != fmt.Sprintf(`{"akkoord":%q}`, server.Messages(in.people[i])[0].From) {
				t.Fatalf("the mail names %s", own)
			}
			return own
		}
		tell := func(key, event string) (int, string) {
			t.Helper()
			stamp := fmt.Sprint(time.Now().Unix())
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(stamp + "token"))
			body := fmt.Sprintf(`{"signature":{"timestamp":%q,"token":"token","signature":%q},"event-data":%s}`, stamp, hex.EncodeToString(mac.Sum(nil)), event)
			r, err := http.Post(in.base()+"/hooks/mailgun", "application/json", strings.NewReader(body))
			in.must(err)
			defer r.Body.Close()
			var taken struct {
				Counted int
				Code    string
			}
			in.must(json.NewDecoder(r.Body).Decode(&taken))
			return r.StatusCode, fmt.Sprint(taken.Counted, taken.Code)
		}
		gone := `{"event":"failed","severity":"permanent","reason":"bounce","user-variables":` + told(0) + `,"delivery-status":{"code":550,"message":"5.1.1 no such user"}}`
		complained := `{"event":"complained","user-variables":` + told(1) + `}`
		for _, c := range []struct {
			key, event string
			status     int
			said       string
		}{
			{"guess", complained, http.StatusUnauthorized, "0signature_invalid"},
			{"signing-key", gone, http.StatusOK, "1"},
			{"signing-key", gone, http.StatusOK, "0"},
			{"signing-key", complained, http.StatusOK, "1"},
			{"signing-key", complained, http.StatusOK, "0"},
			{"signing-key", `{"event":"complained","recipient":"` + in.people[2] + `"}`, http.StatusOK, "0"},
		} {
			if status, said := tell(c.key, c.event); status != c.status || said != c.said {
				t.Errorf("%s: %d %s, want %d %s", c.event, status, said, c.status, c.said)
			}
		}
		for i, want := range []bool{false, false, true} {
			if got := in.allowed(in.people[i]); got != want {
				t.Errorf("person %d may be mailed: %v", i, got)
			}
		}
		if r, err := http.Post(in.base()+"/hooks/mailgun", "application/json", strings.NewReader(strings.Repeat(" ", 2<<20))); err != nil || r.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("2 MB: %v %v", r, err)
		}
		in.must(in.terminate())
		in.verifyLedger()
	})
}
