package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// asks gives the form attributes of each type, of two purposes.
func (s *site) asks() {
	s.t.Helper()
	for _, a := range []struct {
		slug, purpose string
		kind          akkoord.AttributeType
	}{{"city", "travel-news", akkoord.AttributeText}, {"party", "travel-news", akkoord.AttributeNumber}, {"leaves-on", "travel-news", akkoord.AttributeDate}, {"snowboard", "ski-offers", akkoord.AttributeFlag}} {
		if _, err := s.store.AddAttribute(s.t.Context(), akkoord.ActorSystem, akkoord.Attribute{Slug: a.slug, Type: a.kind}, a.purpose); err != nil {
			s.t.Fatal(err)
		}
	}
	_, err := s.store.EditForm(s.t.Context(), akkoord.ActorSystem, "home", func(v *akkoord.FormVersion) error {
		v.Asks = []akkoord.FormAttribute{{Slug: "city", Required: true, Changeable: true}, {Slug: "party"}, {Slug: "leaves-on"}, {Slug: "snowboard", Required: true}}
		v.Texts = map[string]akkoord.FormText{"nl": {Asks: map[string]string{"city": "Uw woonplaats"}}}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// M3, M15: a form asks for attributes, each with its label and the purpose that
// it serves, in plain HTML.
func TestAFormAsksForAttributesOfItsPurposes(t *testing.T) {
	s := newSite(t)
	s.asks()
	page := s.get("/f/home?locale=nl").Body
	for _, want := range []string{
		`<label for="attribute-city">Uw woonplaats</label>`, `type="text" maxlength="200" id="attribute-city" name="attribute.city"`, `type="number" step="any" id="attribute-party"`,
		`type="date" id="attribute-leaves-on"`, `<select class="input" id="attribute-snowboard" name="attribute.snowboard"`, "Alleen voor Ski-aanbiedingen.", `Party <span class="opt">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %s:\n%s", want, page)
		}
	}
	for _, tt := range []struct {
		name, field, code string
		in                url.Values
	}{
		{"required, of a ticked purpose", "attribute.city", "attribute_required", url.Values{"purpose": {"travel-news"}}},
		{"spaces", "attribute.city", "attribute_required", url.Values{"purpose": {"travel-news"}, "attribute.city": {"  "}}},
		{"two lines", "attribute.city", "attribute_text", url.Values{"purpose": {"travel-news"}, "attribute.city": {"a\nb"}}},
		{"too long", "attribute.city", "attribute_text", url.Values{"purpose": {"travel-news"}, "attribute.city": {strings.Repeat("é", 201)}}},
		{"no number", "attribute.party", "attribute_number", url.Values{"purpose": {"travel-news"}, "attribute.city": {"Lech"}, "attribute.party": {"four"}}},
		{"no date", "attribute.leaves-on", "attribute_date", url.Values{"purpose": {"travel-news"}, "attribute.city": {"Lech"}, "attribute.leaves-on": {"31-12-2026"}}},
		{"no flag", "attribute.snowboard", "attribute_flag", url.Values{"purpose": {"ski-offers"}, "attribute.snowboard": {"perhaps"}}},
	} {
		tt.in.Set("email", "x@voorbeeld.example")
		a := s.post("/f/home", tt.in, asJSON)
		if p := a.problem(t); a.Status != http.StatusUnprocessableEntity || p.Field != tt.field || p.Code != tt.code {
			t.Errorf("%s: %d %+v", tt.name, a.Status, p)
		}
		tt.in.Set("locale", "nl")
		if page := s.post("/f/home", tt.in).Body; !strings.Contains(page, `href="#`+strings.Replace(tt.field, ".", "-", 1)+`"`) || !strings.Contains(page, `id="`+tt.field+`-e"`) {
			t.Errorf("%s: the page does not lead to the field", tt.name)
		}
	}
	if st := s.standing("x@voorbeeld.example"); st.Subscriber.ID != 0 {
		t.Error("a refused form is stored")
	}
}

// M4, M6, M21, Art. 5(1)(b) GDPR: what was filled in becomes the person's once
// they confirm, for the purposes that they ticked; they change on their own page
// what the form says.
func TestWhatAFormWasFilledInWithIsThePersonsOnceConfirmed(t *testing.T) {
	s := newSite(t)
	s.asks()
	attributes := func(p akkoord.Subscriber) map[string]string {
		t.Helper()
		got, err := s.store.AttributesOf(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	body := `{"email":"a@voorbeeld.example","purpose":"travel-news","attribute.city":" Utrecht ","attribute.party":4,"attribute.snowboard":true,"attribute.other":"x"}`
	if a := s.do(http.MethodPost, "/f/home", body, sendJSON); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	st := s.standing("a@voorbeeld.example")
	if got := attributes(st.Subscriber); len(got) != 0 {
		t.Errorf("before the press: %v", got)
	}
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: st.Subscription(s.purposes["travel-news"].ID).Request}
	if a := s.do(http.MethodPost, "/confirm/"+s.token(link), ""); a.Status != http.StatusOK {
		t.Fatal(a.Status)
	}
	if diff := cmp.Diff(map[string]string{"city": "Utrecht", "party": "4"}, attributes(st.Subscriber)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	own := s.preferences(st.Subscriber)
	page := s.get(own).Body
	if !strings.Contains(page, `name="attribute.city" value="Utrecht"`) || strings.Contains(page, "attribute.party") || strings.Contains(page, "attribute.snowboard") {
		t.Errorf("the page shows other attributes than the form lets people change:\n%s", page)
	}
	lines := s.events()
	for _, tt := range []struct {
		in     url.Values
		status int
		want   map[string]string
	}{
		{url.Values{"attribute.city": {"a\nb"}}, 422, map[string]string{"city": "Utrecht", "party": "4"}},
		{url.Values{"attribute.party": {"9"}}, 422, map[string]string{"city": "Utrecht", "party": "4"}},
		{url.Values{"attribute.city": {"Lech"}, "attribute.snowboard": {"true"}}, 200, map[string]string{"city": "Lech", "party": "4"}},
		{url.Values{"attribute.city": {""}}, 200, map[string]string{"party": "4"}},
	} {
		tt.in.Set("save", "attributes")
		if a := s.post(own, tt.in); a.Status != tt.status {
			t.Errorf("%v: %d", tt.in, a.Status)
		}
		if diff := cmp.Diff(tt.want, attributes(st.Subscriber)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.in, diff)
		}
	}
	if got := s.events(); got != lines+2 {
		t.Errorf("two changes left %d lines", got-lines)
	}
}
