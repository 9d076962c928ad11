package akkoord

import "testing"

// What the settings say of the organisation wins, fact by fact.
func TestSettingsWinOverWhatIsStored(t *testing.T) {
	stored := Organisation{"Zonvaart", "Kade 1", "privacy@zonvaart.example"}
	for name, tt := range map[string]struct {
		set, want Organisation
		complete  bool
	}{
		"nothing is set":  {Organisation{}, stored, false},
		"a name is set":   {Organisation{Controller: "Zonvaart B.V."}, Organisation{"Zonvaart B.V.", "Kade 1", "privacy@zonvaart.example"}, false},
		"all of it is":    {Organisation{"A", "B", "C"}, Organisation{"A", "B", "C"}, true},
		"two of three":    {Organisation{"A", "", "C"}, Organisation{"A", "Kade 1", "C"}, false},
		"only an address": {Organisation{PostalAddress: "Plein 2"}, Organisation{"Zonvaart", "Plein 2", "privacy@zonvaart.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.set.Or(stored); got != tt.want || tt.set.Complete() != tt.complete {
				t.Errorf("in force is %+v, want %+v; complete: %v", got, tt.want, tt.set.Complete())
			}
		})
	}
}
