package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"akkoord"
)

// TestAMailingIsToldWhatIsWrongWithIt: stops first, each finding with what it is
// about and how to mend it, in the language asked for; only stops forbid sending.
func TestAMailingIsToldWhatIsWrongWithIt(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue()
	f.person("pim@voorbeeld.example", true)
	f.must("PATCH", path, `{"preheader":"Kijk","markdown":"Dag {{name}}, [hier](http://www.zonvaart.example/) ![](https://www.zonvaart.example/a.png)"}`)
	a := f.must("GET", path+"/checks?lang=nl", "")
	for _, want := range []string{
		`"sendable":true`, `{"code":"link_http","severity":"warn","field":"body","variant":null,"detail":"http://www.zonvaart.example/","message":"Een link gaat over http, onbeschermd: http://www.zonvaart.example/","mend":"Schrijf https:// als de pagina dat heeft.","language":null}`,
		`"code":"image_decorative"`, `"code":"link_words"`, `"code":"field_bare"`, `"code":"unsigned"`,
	} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("lacks %s: %s", want, a.raw)
		}
	}
	f.must("PATCH", path, `{"markdown":"[naar](javascript:alert) {{age}}"}`)
	a = f.must("GET", path+"/checks", "")
	if !strings.Contains(a.raw, `"sendable":false,"findings":[{"code":"unknown_field","severity":"stop"`) {
		t.Errorf("what can't be composed: %s", a.raw)
	}
	if r := f.call(akkoord.RoleOwner, "POST", path+"/send", ""); r.status != 409 || r.str("code") != "unknown_field" {
		t.Errorf("sending it: %d %s", r.status, r.raw)
	}
	if r := f.call(akkoord.RoleOwner, "GET", path+"/checks?lang=xx", ""); r.status != 422 {
		t.Errorf("no such language: %d", r.status)
	}
}

func TestLinksOfAMailingAreAsked(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(pages.Close)
	f.must("PATCH", path, `{"markdown":"[een](`+pages.URL+`/) [twee](`+pages.URL+`/weg) [van wie](`+pages.URL+`/{{email}})"}`)
	want := `{"links":[{"url":"` + pages.URL + `/","status":200,"code":""},{"url":"` + pages.URL + `/weg","status":404,"code":"gone"}]}` + "\n"
	if a := f.must("POST", path+"/checks/links", ""); a.raw != want {
		t.Errorf("%s, want %s", a.raw, want)
	}
	if a := f.call(akkoord.RoleAnalyst, "POST", path+"/checks/links", ""); a.status != 403 {
		t.Errorf("an analyst makes the server ask pages: %d", a.status)
	}
}
