package main

import (
	"reflect"
	"strings"
	"testing"
)

// No value of a setting that can hold a secret reaches the admin site, whichever
// setting comes to be; every setting is named there (issue 7.3).
func TestSettingsAreShownWithoutSecrets(t *testing.T) {
	var s site
	fill(reflect.ValueOf(&s.databaseSettings).Elem())
	fill(reflect.ValueOf(&s.settings).Elem())
	seen := map[string]bool{}
	for _, set := range s.shown() {
		seen[set.Name] = true
		if set.Help == "" || set.Secret == (set.Value != "") {
			t.Errorf("%+v", set)
		}
	}
	for _, secret := range []string{"AKKOORD_DATABASE", "AKKOORD_SMTP", "AKKOORD_MAILBOX", "AKKOORD_HOOKS", "AKKOORD_HEADS"} {
		for _, set := range s.shown() {
			if set.Name == secret && (set.Value != "" || !set.Secret) {
				t.Errorf("%s is shown as %q", secret, set.Value)
			}
		}
		if !seen[secret] {
			t.Errorf("%s is not named", secret)
		}
	}
	for _, name := range openSettings {
		if !seen[name] {
			t.Errorf("%s is no setting", name)
		}
	}
}

func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x" + strings.Repeat("y", i))
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"a", "b"}))
		}
	}
}
