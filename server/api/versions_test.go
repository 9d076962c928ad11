package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// TestVersions makes second versions of texts and forms: consents keep the
// wording that they were given to, new ones get the new one (M4).
func TestVersions(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	events := func(p akkoord.Subscriber) (versions []any) {
		for _, item := range f.must("GET", "/subscribers/"+p.PublicID.String()+"/events", "").object()["items"].([]any) {
			versions = append(versions, item.(map[string]any)["wording_version"])
		}
		return versions
	}
	early := f.person("pim@voorbeeld.example", true)
	before := f.trail()

	p := f.must("PATCH", "/purposes/travel-news", `{"wording":{"en":"Yes, please."},"frequency":{"en":"monthly"},"inactive_after_days":30,"change":"correction","reason":"shorter"}`)
	want := `{"id":"<id>","slug":"travel-news","name":{"nl":"Reisnieuws","en":"Travel news"},"explanation":{"nl":"Reisideeën.","en":"Travel ideas."},
		"wording":{"nl":"Ja, mail mij.","en":"Yes, please."},"frequency":{"en":"monthly"},"basis":"consent","inactive_after_days":30,"learn_after_links":0,"reactivate_again_after_days":14,"expire_after_days":14,"signals":["click","preferences","confirmation_age"],"retention_stopped_at":null,"archived_at":null,"public_archive":false,"sender":"","relays":["default"],"version":2,"wider_since":0,"created_at":"<time>"}`
	if diff := cmp.Diff(parse(t, want), shape(p.body)); diff != "" {
		t.Errorf("the second version (-want +got):\n%s", diff)
	}
	if got := f.must("PATCH", "/purposes/travel-news", `{"wording":{"en":"Yes, please."}}`).object()["version"]; got != 2.0 {
		t.Errorf("the same words made version %v", got)
	}
	form := f.must("PATCH", "/forms/home", `{"texts":{"nl":{"title":"Reisnieuws"}},"origins":[]}`).object()
	if form["version"] != 2.0 || !cmp.Equal(form["origins"], []any{}) || !cmp.Equal(form["interests"], []any{"wintersport"}) ||
		!cmp.Equal(form["texts"], map[string]any{"nl": map[string]any{"title": "Reisnieuws"}}) {
		t.Errorf("the form's second version: %v", form)
	}
	form = f.must("PATCH", "/forms/home", `{"texts":{"en":{"title":"Travel news"}}}`).object()
	if form["version"] != 3.0 || len(form["texts"].(map[string]any)) != 2 {
		t.Errorf("the form's third version: %v", form)
	}
	actor := "key:" + f.ids[akkoord.RoleOwner].PublicID.String()
	changes := []string{actor + " purpose.change purpose:travel-news", actor + " form.change form:home", actor + " form.change form:home"}
	if diff := cmp.Diff(changes, f.trail()[len(before):]); diff != "" {
		t.Errorf("audit lines (-want +got):\n%s", diff)
	}

	late := f.person("zoe@voorbeeld.example", true)
	f.must("PATCH", "/subscribers/"+early.PublicID.String(), `{"name":"Pim"}`)
	if diff := cmp.Diff([]any{1.0, 1.0, nil}, events(early)); diff != "" {
		t.Errorf("the first person's versions; a rectification is about no wording (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{2.0, 2.0}, events(late)); diff != "" {
		t.Errorf("the second person's versions (-want +got):\n%s", diff)
	}
}

// TestActors shows who did something by an id that can be looked up, in the
// history and in the audit trail, with the name of a new key in its note.
func TestActors(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	f.must("PATCH", "/subscribers/"+p.PublicID.String(), `{"locale":"en"}`)
	var actors []any
	for _, item := range f.must("GET", "/subscribers/"+p.PublicID.String()+"/events", "").object()["items"].([]any) {
		actors = append(actors, item.(map[string]any)["actor"])
	}
	owner := "key:" + f.ids[akkoord.RoleOwner].PublicID.String()
	if diff := cmp.Diff([]any{"person", "person", owner}, actors); diff != "" {
		t.Errorf("actors (-want +got):\n%s", diff)
	}
	f.person("zoe@voorbeeld.example", true)
	f.must("GET", "/subscribers", "")
	f.must("GET", "/subscribers?limit=1", "")
	notes := map[string][]string{}
	for _, item := range f.must("GET", "/audit?limit=200", "").object()["items"].([]any) {
		e := item.(map[string]any)
		notes[e["action"].(string)] = append(notes[e["action"].(string)], e["object"].(string)+" "+e["note"].(string))
	}
	key := owner + " owner, owner: test"
	if len(notes["key.create"]) != len(akkoord.Roles) || notes["key.create"][0] != key {
		t.Errorf("%q, want %q first", notes["key.create"], key)
	}
	lists := notes["subscriber.list"]
	if len(lists) != 2 || !strings.HasPrefix(lists[0], "subscriber 2 people, "+p.PublicID.String()+" to ") || lists[1] != "subscriber 1 person, "+p.PublicID.String() {
		t.Errorf("the lists left %q", lists)
	}
}

// TestFirstLocale shows and tests a mailing in a language that its purpose
// has, unless another is asked for.
func TestFirstLocale(t *testing.T) {
	f := newFixture(t)
	f.must("POST", "/purposes", `{"slug":"travel-news","name":{"en":"Travel news"},"explanation":{"en":"Travel ideas."},"wording":{"en":"Yes, mail me."}}`)
	f.must("POST", "/campaigns", campaignBody)
	path := "/mailings/" + f.must("POST", "/campaigns/winter-2027/mailings", mailingBody).str("id")
	for query, locale := range map[string]string{"": "en", "?locale=nl": "nl"} {
		if got := f.must("GET", path+"/preview"+query, "").str("text"); got != "De sneeuw ligt er. "+locale {
			t.Errorf("preview%s: %q", query, got)
		}
	}
	f.must("POST", path+"/test", `{"email":"femke@zonvaart.example"}`)
	f.must("POST", path+"/test", `{"email":"femke@zonvaart.example","locale":"nl"}`)
	if len(f.mail.sent) != 2 || !strings.Contains(f.mail.sent[0], "|en|") || !strings.Contains(f.mail.sent[1], "|nl|") {
		t.Errorf("tests sent: %q", f.mail.sent)
	}
}
