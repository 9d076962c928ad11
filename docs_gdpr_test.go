package akkoord_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunc  = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	testPart  = regexp.MustCompile(`\{"([^"]+)", test\w+\}`)
	namedTest = regexp.MustCompile("`(Test\\w+)(?:/([^`]+))?`")
)

// A promise that docs/gdpr.md makes by the name of a test has that test.
func TestTestsNamedForTheGDPRExist(t *testing.T) {
	tests, parts := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, m := range testFunc.FindAllStringSubmatch(read(t, path), -1) {
			tests[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range testPart.FindAllStringSubmatch(read(t, "store/storetest/storetest.go"), -1) {
		parts[m[1]] = true
	}
	named := namedTest.FindAllStringSubmatch(read(t, "docs/gdpr.md"), -1)
	if len(named) < 50 || len(parts) < 10 {
		t.Fatalf("%d names and %d parts were found", len(named), len(parts))
	}
	for _, m := range named {
		if !tests[m[1]] || m[2] != "" && !parts[m[2]] {
			t.Errorf("docs/gdpr.md names %s, which does not exist", m[0])
		}
	}
}
