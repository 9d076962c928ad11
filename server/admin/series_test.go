package admin_test

import (
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// A series is planned, started and edited by forms alone; who may not send can't
// edit what runs.
func TestASeriesIsMadeAndEditedInTheBrowser(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	if r := b.send("POST", "/admin/campaigns", url.Values{"name": {"Welkom"}, "purpose": {"travel-news"}}.Encode()); r.header.Get("Location") != "/admin/campaigns/welkom" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	draft := func(subject string, more ...string) (edit string, body string) {
		t.Helper()
		edit = b.send("POST", "/admin/campaigns/welkom/mailings", "").header.Get("Location")
		return edit, f.typed(b, edit, subject, more...)
	}
	edit, body := draft("Fijn dat u er bent", "on", "confirmed")
	if body != "" {
		t.Fatalf("saving: %s", body)
	}
	first := strings.TrimSuffix(edit, "/edit")
	b.get(edit, `<option value="confirmed" selected>`)
	second, body := draft("Drie tips", "on", "after", "before", strings.TrimPrefix(first, "/admin/mailings/"), "delay", "2", "delay_hours", "3")
	if body != "" {
		t.Fatalf("saving: %s", body)
	}
	if body := f.typed(b, edit, "Fijn dat u er bent", "on", "after", "before", strings.TrimPrefix(strings.TrimSuffix(second, "/edit"), "/admin/mailings/")); !strings.Contains(body, "Mailings would wait for each other") || !strings.Contains(body, `id="before-e"`) {
		t.Errorf("a ring: %s", body)
	}
	if body := f.typed(b, edit, "Fijn dat u er bent", "on", "confirmed", "delay", "-1"); !strings.Contains(body, `id="delay-e"`) {
		t.Errorf("a day before: %s", body)
	}
	if body := f.typed(b, edit, "Fijn dat u er bent", "on", "clicked"); !strings.Contains(body, `id="topic-e"`) {
		t.Errorf("no topic: %s", body)
	}
	b.get(first, "as soon as somebody confirms", "Start")
	if body := b.press(first, url.Values{"act": {"send"}}).body; !strings.Contains(body, "The mailing has started.") {
		t.Errorf("the page after starting: %s", body)
	}
	b.get("/admin/campaigns/welkom", "Timeline", "Running", "as soon as somebody confirms", "2 days and 3 hours after “Fijn dat u er bent”")
	b.get(edit, "This mailing is running")
	if body := f.typed(b, edit, "Welkom", "on", "confirmed"); body != "" {
		t.Errorf("editing what runs: %s", body)
	}
	if body := f.typed(b, edit, "", "on", "confirmed"); !strings.Contains(body, "The mailing has no subject.") {
		t.Errorf("no subject while it runs: %s", body)
	}
	b.get(first, "Welkom", "version")
	id, err := akkoord.ParseID(strings.TrimPrefix(first, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(t.Context(), id)
	f.check(err)
	if len(m.Versions) != 2 || m.Versions[0].Subject != "Fijn dat u er bent" || m.Content.Subject != "Welkom" {
		t.Errorf("the versions are %+v", m.Versions)
	}
	editor := f.as(akkoord.RoleEditor)
	if r := editor.send("GET", edit, ""); r.header.Get("Location") != first {
		t.Errorf("an editor opens what runs: %d", r.status)
	}
	if r := editor.send("POST", edit, url.Values{"act": {"save"}, "read": {"0"}, "subject": {"Gehackt"}, "kind": {"markdown"}, "body": {"x"}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}, "on": {"confirmed"}}.Encode()); r.status != 404 {
		t.Errorf("an editor saves what runs: %d", r.status)
	}
}

// typed saves a draft with fields in its form. It gives the page where it was
// refused.
func (f *fixture) typed(b *browser, edit, subject string, more ...string) string {
	f.t.Helper()
	in := url.Values{"read": {b.read(edit)}, "act": {"save"}, "subject": {subject}, "kind": {"markdown"}, "body": {"Dag"}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
	for i := 0; i < len(more); i += 2 {
		in.Add(more[i], more[i+1])
	}
	if r := b.send("POST", edit, in.Encode()); r.status != 303 {
		return r.body
	}
	return ""
}
