package api_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// Issue 7.3: what the settings of the brand can do the API can too, with the same
// refusals.
func TestBrand(t *testing.T) {
	f := newFixture(t)
	picture := func(width, height int) string {
		var data, body bytes.Buffer
		if err := png.Encode(&data, image.NewRGBA(image.Rect(0, 0, width, height))); err != nil {
			t.Fatal(err)
		}
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("file", "logo.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return f.call(akkoord.RoleOwner, "POST", "/images", body.String(), "Content-Type: "+w.FormDataContentType()).str("id")
	}
	if a := f.call(akkoord.RoleAnalyst, "GET", "/brand", ""); a.status != http.StatusOK || a.object()["logo"] != nil || a.str("accent") != "" {
		t.Errorf("nothing is set: %d %s", a.status, a.raw)
	}
	wide := picture(1120, 100)
	a := f.must("PATCH", "/brand", fmt.Sprintf(`{"version":0,"accent":"#B8400E","logo":%q,"logo_alt":"Zonvaart"}`, wide))
	logo := a.object()["logo"].(map[string]any)
	if a.str("accent") != "#b8400e" || logo["width"] != 560.0 || logo["height"] != 50.0 || logo["alt"] != "Zonvaart" || logo["image"] == wide || !strings.HasSuffix(logo["url"].(string), "/media/"+logo["image"].(string)) {
		t.Errorf("set: %s", a.raw)
	}
	if again := f.must("PATCH", "/brand", fmt.Sprintf(`{"version":1,"logo":%q}`, logo["image"])); again.object()["version"] != 1.0 {
		t.Errorf("the same logo: %s", again.raw)
	}
	for name, c := range map[string]struct {
		body, code, field string
		status            int
	}{
		"stale":       {`{"version":0,"accent":""}`, "brand_changed", "", http.StatusConflict},
		"too light":   {`{"version":1,"accent":"#ffcc00"}`, "accent_contrast", "accent", http.StatusUnprocessableEntity},
		"no colour":   {`{"version":1,"accent":"red"}`, "accent_invalid", "accent", http.StatusUnprocessableEntity},
		"no picture":  {`{"version":1,"logo":"00000000-0000-7000-8000-000000000000"}`, "logo_unknown", "logo", http.StatusUnprocessableEntity},
		"no id":       {`{"version":1,"logo":"x"}`, "logo_unknown", "logo", http.StatusUnprocessableEntity},
		"too large":   {fmt.Sprintf(`{"version":1,"logo":%q}`, picture(1000, 4001)), "logo_large", "logo", http.StatusUnprocessableEntity},
		"two lines":   {`{"version":1,"logo_alt":"a\nb"}`, "text_invalid", "logo_alt", http.StatusUnprocessableEntity},
		"no version":  {`{"accent":""}`, "field_missing", "version", http.StatusUnprocessableEntity},
		"of nothing":  {`{"version":1,"logo":"","logo_alt":"a"}`, "logo_missing", "logo_alt", http.StatusUnprocessableEntity},
		"half a word": {`{"version":1,"logo":7}`, "value_invalid", "logo", http.StatusUnprocessableEntity},
	} {
		if a := f.call(akkoord.RoleOwner, "PATCH", "/brand", c.body); a.status != c.status || a.str("code") != c.code || a.object()["field"] != nil && a.str("field") != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "PATCH", "/brand", `{"version":1,"accent":"#ffcc00"}`); !strings.Contains(a.raw, akkoord.NearestAccent("#ffcc00")) {
		t.Errorf("nothing is offered: %s", a.raw)
	}
	if a := f.must("PATCH", "/brand", `{"version":1,"accent":"","logo":"","logo_alt":""}`); a.object()["logo"] != nil || a.str("accent") != "" {
		t.Errorf("taken back: %s", a.raw)
	}
}
