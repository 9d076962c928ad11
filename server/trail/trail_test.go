package trail_test

import (
	"testing"

	"akkoord"
	"akkoord/server/trail"
)

// TestPeople names the first and the last of those who were read (M27).
func TestPeople(t *testing.T) {
	a, b, gone := akkoord.ID{1}, akkoord.ID{2}, akkoord.ID{}
	for _, tt := range []struct {
		ids  []akkoord.ID
		want string
	}{
		{nil, "0 people"},
		{[]akkoord.ID{a}, "1 person, " + a.String()},
		{[]akkoord.ID{gone}, "1 person"},
		{[]akkoord.ID{gone, gone}, "2 people"},
		{[]akkoord.ID{a, gone, b}, "3 people, " + a.String() + " to " + b.String()},
		{[]akkoord.ID{gone, b, gone}, "3 people, " + b.String()},
	} {
		if got := trail.People(tt.ids); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.ids, got, tt.want)
		}
	}
	if got := trail.Subscriber(akkoord.Subscriber{PublicID: a}); got != "subscriber:"+a.String() {
		t.Error(got)
	}
	if got := trail.Subscriber(akkoord.Subscriber{ID: 3}); got != "subscriber" {
		t.Error(got)
	}
	if got := trail.Mailing(akkoord.Mailing{ID: 3, PublicID: b}); got != "mailing:"+b.String() {
		t.Error(got)
	}
}
