package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

const mayCount = "Ja, u mag tellen op welke <links> ik klik."

// counting gives the form a box about clicks, in Dutch and English.
func (s *site) counting() {
	s.t.Helper()
	_, err := s.store.EditForm(s.t.Context(), akkoord.ActorSystem, "home", func(v *akkoord.FormVersion) error {
		v.Tracking = true
		v.Texts = map[string]akkoord.FormText{"nl": {Tracking: mayCount}, "en": {Tracking: "Yes, count which links I click."}}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// M22, M4, M6: the box about clicks stands apart from the purposes and is never
// ticked by us; its words are quoted before the press that makes it count, and
// the preferences page ends it alone.
func TestTheBoxAboutClicksCountsOnceConfirmedM22(t *testing.T) {
	s := newSite(t)
	if page := s.get("/f/home").Body; strings.Contains(page, `name="tracking"`) {
		t.Error("a form that was not told to asks about clicks")
	}
	if p := s.post("/f/home", url.Values{"email": {"x@voorbeeld.example"}, "purpose": {"travel-news"}, "tracking": {"1"}}, asJSON).problem(t); p.Field != "tracking" || p.Code != "tracking_unknown" {
		t.Errorf("a tick that nobody asked for: %+v", p)
	}
	s.counting()
	const box = `<input class="box" type="checkbox" id="tracking" name="tracking" value="1">`
	escaped := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(mayCount)
	for _, page := range []string{s.get("/f/home?locale=nl").Body, strings.ReplaceAll(s.get("/embed/home.js").Body, `\"`, `"`)} {
		page = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(page)
		if !strings.Contains(page, box) || !strings.Contains(page, escaped) {
			t.Errorf("the box is not there, unticked and with its words:\n%s", page)
		}
	}
	if p := s.post("/f/home", url.Values{"email": {"x@voorbeeld.example"}, "purpose": {"travel-news"}, "tracking": {"perhaps"}}, asJSON).problem(t); p.Field != "tracking" || p.Code != "tracking_invalid" {
		t.Errorf("no answer: %+v", p)
	}
	if page := s.post("/f/home", url.Values{"email": {"nobody"}, "purpose": {"travel-news"}, "tracking": {"1"}}).Body; !strings.Contains(page, `name="tracking" value="1" checked>`) {
		t.Error("a refused form forgets the tick")
	}
	if st := s.standing("x@voorbeeld.example"); st.Subscriber.ID != 0 {
		t.Error("a refused form is stored")
	}
	known := s.subscribe("known@voorbeeld.example", "travel-news")
	for body, ticked := range map[string]bool{
		`{"email":"a@voorbeeld.example","purpose":"travel-news","locale":"nl","tracking":true}`:     true,
		`{"email":"b@voorbeeld.example","purpose":"travel-news","locale":"nl","tracking":"1"}`:      true,
		`{"email":"c@voorbeeld.example","purpose":"travel-news","locale":"nl","tracking":false}`:    false,
		`{"email":"d@voorbeeld.example","purpose":"travel-news","locale":"nl"}`:                     false,
		`{"email":"known@voorbeeld.example","purpose":"travel-news","locale":"nl","tracking":true}`: false,
	} {
		a := s.do(http.MethodPost, "/f/home", body, sendJSON)
		if a.Status != http.StatusAccepted || a.Body != "{\"status\":\"pending\"}\n" {
			t.Fatalf("%s: %d %s", body, a.Status, a.Body)
		}
		address := strings.Split(body, `"`)[3]
		st := s.standing(address)
		sub := st.Subscription(s.purposes["travel-news"].ID)
		if (sub.TrackingAsked != "") != ticked || !sub.Tracking.IsZero() {
			t.Errorf("%s: %+v", body, sub)
		}
		if st.Subscriber.PublicID == known.PublicID {
			continue
		}
		at := "/confirm/" + s.token(akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: sub.Request})
		if got := strings.Contains(s.get(at).Body, escaped); got != ticked {
			t.Errorf("%s: the page quotes the words about clicks: %v", body, got)
		}
		if page := s.do(http.MethodPost, at, "").Body; strings.Contains(page, "op welke links in deze mails u klikt") != ticked {
			t.Errorf("%s: what was confirmed:\n%s", body, page)
		}
		if got := !s.standing(address).Subscription(s.purposes["travel-news"].ID).Tracking.IsZero(); got != ticked {
			t.Errorf("%s: clicks are counted: %v", body, got)
		}
		if history := s.get(s.preferences(st.Subscriber) + "?show=history").Body; strings.Contains(history, escaped) != ticked {
			t.Errorf("%s: the history:\n%s", body, history)
		}
	}
	s.do(http.MethodPost, "/f/home", `{"email":"zonder@voorbeeld.example","purpose":"travel-news","locale":"nl","tracking":true}`, sendJSON)
	ticked := s.standing("zonder@voorbeeld.example")
	at := "/confirm/" + s.token(akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: ticked.Subscriber.PublicID, Request: ticked.Subscription(s.purposes["travel-news"].ID).Request})
	if page := s.get(at).Body; !strings.Contains(page, `name="tracking" value="no"`) {
		t.Errorf("nobody can confirm without what somebody ticked:\n%s", page)
	}
	s.post(at, url.Values{"tracking": {"no"}})
	if sub := s.standing("zonder@voorbeeld.example").Subscription(s.purposes["travel-news"].ID); sub.State != akkoord.Active || !sub.Tracking.IsZero() {
		t.Errorf("confirmed without counting: %+v", sub)
	}
	st := s.standing("a@voorbeeld.example")
	if a := s.post(s.preferences(st.Subscriber), url.Values{"untrack": {"travel-news"}}); a.Status != http.StatusOK {
		t.Fatal(a.Status)
	}
	if sub := s.standing("a@voorbeeld.example").Subscription(s.purposes["travel-news"].ID); !sub.Tracking.IsZero() || sub.State != akkoord.Active {
		t.Errorf("taken back alone: %+v", sub)
	}
}
