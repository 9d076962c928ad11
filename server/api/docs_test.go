package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"akkoord"
)

// The reference page names every operation of the OpenAPI document with its
// right, its roles and how to call it, in every language, without a key, a script
// or anything from elsewhere.
func TestTheReferenceHasEveryOperationOfTheDocument(t *testing.T) {
	f := newFixture(t)
	get := func(path string) (string, http.Header) {
		w := httptest.NewRecorder()
		f.api.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String(), w.Header()
	}
	document, _ := get("/api/v1/openapi.json")
	var spec struct {
		Paths      map[string]map[string]struct{ OperationID, Summary string }
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(document), &spec); err != nil {
		t.Fatal(err)
	}
	for _, locale := range akkoord.Locales {
		page, header := get("/api/v1/docs?locale=" + locale)
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script") {
			t.Errorf("the policy is %q", policy)
		}
		if strings.Contains(page, "<script") || !strings.Contains(page, `<html lang="`+locale+`">`) {
			t.Errorf("%s: the page has a script, or another language", locale)
		}
		n := 0
		for path, methods := range spec.Paths {
			for method, op := range methods {
				name := strings.ToUpper(method) + " " + path
				n++
				if !strings.Contains(page, `<h3 id="`+op.OperationID+`"><code>`+name+"</code></h3>") || !strings.Contains(page, `href="#`+op.OperationID+`"`) {
					t.Errorf("%s: %s is not on the page", locale, name)
				}
				if f.api.Rights()[name] == "" || !strings.Contains(page, "/api/v1"+path) {
					t.Errorf("%s: how to call %s is not on the page", locale, name)
				}
			}
		}
		if n == 0 || strings.Count(page, `class="ref-op"`) != n {
			t.Errorf("%s: %d operations on the page, of %d", locale, strings.Count(page, `class="ref-op"`), n)
		}
		for name := range spec.Components.Schemas {
			if !strings.Contains(page, "<code>"+name+"</code></h3>") {
				t.Errorf("%s: the object %s is not on the page", locale, name)
			}
		}
		for _, part := range strings.Split(page, `href="#`)[1:] {
			if id, _, _ := strings.Cut(part, `"`); !strings.Contains(page, `id="`+id+`"`) {
				t.Errorf("%s: a link leads to #%s, which is nowhere", locale, id)
			}
		}
	}
}
