package static

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Everything that a page asks for is here, and every icon that it draws is in the set.
func TestPagesFindTheirFiles(t *testing.T) {
	icons, err := fs.ReadFile(FS, "icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`"/static/([a-z/._-]+)(?:#([a-z]+))?"`)
	pages, err := fs.Glob(os.DirFS("../templates/testdata/golden"), "*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no golden pages: %v", err)
	}
	for _, page := range pages {
		raw, err := os.ReadFile("../templates/testdata/golden/" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(raw), -1) {
			if _, err := fs.Stat(FS, m[1]); err != nil {
				t.Errorf("%s asks for %s: %v", page, m[1], err)
			}
			if m[2] != "" && !strings.Contains(string(icons), `id="`+m[2]+`"`) {
				t.Errorf("%s draws icon %q, which is not in the set", page, m[2])
			}
		}
	}
}

// What others wrote is the file that its README names, with its licence (ADR 50).
func TestVendoredFilesAreUnchanged(t *testing.T) {
	folders, err := fs.Glob(FS, "vendor/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("nothing of others: %v", err)
	}
	for _, folder := range folders {
		readme, err := fs.ReadFile(FS, folder+"/README.md")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat(FS, folder+"/LICENSE"); err != nil {
			t.Error(err)
		}
		files, err := fs.Glob(FS, folder+"/*.js")
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no script: %v", folder, err)
		}
		for _, name := range files {
			raw, err := fs.ReadFile(FS, name)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(raw); !strings.Contains(string(readme), hex.EncodeToString(sum[:])) {
				t.Errorf("%s is not the file that its README names", name)
			}
		}
	}
}

// The style sheets load nothing, and dark by choice looks like dark by system.
func TestStyleSheets(t *testing.T) {
	sheets, err := fs.Glob(FS, "css/*.css")
	if err != nil || len(sheets) == 0 {
		t.Fatalf("no style sheets: %v", err)
	}
	for _, name := range sheets {
		raw, err := fs.ReadFile(FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`@import|url\(`).Match(raw) {
			t.Errorf("%s loads something", name)
		}
	}
	tokens, err := fs.ReadFile(FS, "css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	dark := regexp.MustCompile(`(?s)color-scheme: dark;(.*?)\}`).FindAllStringSubmatch(string(tokens), -1)
	if len(dark) != 2 || strings.Join(strings.Fields(dark[0][1]), " ") != strings.Join(strings.Fields(dark[1][1]), " ") {
		t.Error("the two dark themes of tokens.css are not in step")
	}
}
