package sight_test

import (
	"reflect"
	"testing"

	"akkoord"
	"akkoord/server/admin"
	"akkoord/server/api"
	"akkoord/server/sight"
)

// P28, M26: whatever the handlers can read of people comes through the guard.
// A method that gives such data and does not makes this test fail: give the
// guard a method of that name.
func TestTheGuardStandsBeforeAllThatIsAboutPeople(t *testing.T) {
	personal := map[reflect.Type]bool{}
	for _, v := range []any{
		akkoord.Email{}, akkoord.Subscriber{}, akkoord.Standing{}, akkoord.Event{}, akkoord.Evidence{}, akkoord.PersonRecord{}, akkoord.PersonRequest{},
		akkoord.Delivery{}, akkoord.BreachPerson{}, akkoord.ImportedRow{}, akkoord.ImportColumn{}, akkoord.ContractMail{}, akkoord.RetentionPerson{}, akkoord.SentMail{}, akkoord.SuppressionEntry{},
	} {
		personal[reflect.TypeOf(v)] = true
	}
	// What gives back only what the caller said a moment before.
	echo := map[string]bool{"SendContract": true}
	// What has a place for an address and leaves it empty: it is filled in for
	// the endpoint alone (testWebhookTerms of storetest).
	empty := map[string]bool{"WebhookMessages": true}

	// Addresses that the organisation itself sends from.
	ours := reflect.TypeFor[akkoord.SendingAddress]()

	var holds func(reflect.Type, int) bool
	holds = func(x reflect.Type, depth int) bool {
		if personal[x] {
			return true
		}
		if depth == 0 || x == ours {
			return false
		}
		switch x.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			return holds(x.Elem(), depth-1)
		case reflect.Map:
			return holds(x.Key(), depth-1) || holds(x.Elem(), depth-1)
		case reflect.Struct:
			for i := range x.NumField() {
				if holds(x.Field(i).Type, depth-1) {
					return true
				}
			}
		}
		return false
	}
	guard := reflect.TypeFor[*sight.Guard]()
	looked := 0
	for _, store := range []reflect.Type{reflect.TypeFor[api.Store](), reflect.TypeFor[admin.Store]()} {
		for i := range store.NumMethod() {
			m := store.Method(i)
			gives := false
			for n := range m.Type.NumOut() {
				gives = gives || holds(m.Type.Out(n), 4)
			}
			for n := range m.Type.NumIn() { // what is called for each of them
				if f := m.Type.In(n); f.Kind() == reflect.Func && f.NumIn() == 1 {
					gives = gives || holds(f.In(0), 4)
				}
			}
			if !gives || echo[m.Name] || empty[m.Name] {
				continue
			}
			looked++
			// The guard asks this of its own store, under another name.
			if m.Name == "StandingByNumber" {
				continue
			}
			if _, ok := guard.MethodByName(m.Name); !ok {
				t.Errorf("%s.%s gives what is about people, past the guard", store, m.Name)
			}
		}
	}
	if looked < 15 {
		t.Errorf("only %d methods that are about people were found", looked)
	}
}

// A request that nobody was named for sees nobody.
func TestNobodySeesNobody(t *testing.T) {
	_, _, err := sight.New(nil).People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{})
	if akkoord.CodeOf(err) != "grant_missing" {
		t.Errorf("it gave %v", err)
	}
}
