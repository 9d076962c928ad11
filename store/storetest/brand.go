package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"akkoord"
)

// testBrand: colour and logo are stored together, read anew once they changed, and
// changed by nobody who read another version; each change is in the audit trail.
func testBrand(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	if got := must(a.Brand(ctx))(t); got != (akkoord.Brand{}) {
		t.Errorf("nobody said anything: %+v", got)
	}
	img := must(a.PutImage(ctx, Admin, akkoord.Image{ContentType: "image/png", Data: []byte("png")}))(t)
	want := akkoord.Brand{Accent: "#B8400E", Logo: akkoord.Logo{Image: img.PublicID, Width: 100, Height: 50, Alt: "Zonvaart"}}
	got := must(a.SetBrand(ctx, Admin, want))(t)
	want.Accent, want.Version = "#b8400e", 1
	if read := must(a.Brand(ctx))(t); got != want || read != want {
		t.Errorf("stored %+v, answered %+v, read %+v", want, got, read)
	}
	if again := must(a.SetBrand(ctx, Admin, want))(t); again != want {
		t.Errorf("a change of nothing gives %+v", again)
	}
	for name, c := range map[string]struct {
		brand akkoord.Brand
		code  string
	}{
		"stale":         {akkoord.Brand{Accent: "#2447b8"}, "brand_changed"},
		"of the future": {akkoord.Brand{Version: 2}, "brand_changed"},
		"too light":     {akkoord.Brand{Accent: "#ffcc00", Version: 1}, "accent_contrast"},
		"no picture":    {akkoord.Brand{Logo: akkoord.Logo{Image: akkoord.ID{9}, Width: 1, Height: 1}, Version: 1}, "not_found"},
	} {
		if _, err := a.SetBrand(ctx, Admin, c.brand); akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	var won, late atomic.Int32
	var all sync.WaitGroup
	for _, accent := range []string{"#2447b8", "#a13300", "#0a6b49", "#7d4a00"} {
		all.Go(func() {
			switch _, err := a.SetBrand(ctx, Admin, akkoord.Brand{Accent: accent, Version: 1}); {
			case err == nil:
				won.Add(1)
			case akkoord.CodeOf(err) == "brand_changed":
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || late.Load() != 3 {
		t.Errorf("of four at once %d changed the brand and %d came late", won.Load(), late.Load())
	}
	if read := must(a.Brand(ctx))(t); read.Version != 2 || !read.Logo.Image.IsZero() {
		t.Errorf("after the logo went: %+v", read)
	}
	lines, _, err := a.AuditTrail(ctx, akkoord.Page{Limit: 100})
	noFault(t, err)
	changes := slices.DeleteFunc(lines, func(e akkoord.AuditEntry) bool { return e.Action != "brand.change" })
	if len(changes) != 2 || changes[0].Actor != Admin {
		t.Errorf("two changes left %+v", changes)
	}
}
