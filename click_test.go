package akkoord

import (
	"testing"
	"time"
)

// Issue, M22: agent, time, decoy and bursts tell a program's clicks from a
// person's.
func TestMachineClicks(t *testing.T) {
	person := ClickFacts{ClickBy: ClickBy{Agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}, After: time.Minute, Others: 1}
	tests := map[string]struct {
		change         func(*ClickFacts)
		machine, burst bool
	}{
		"a person":                {func(*ClickFacts) {}, false, false},
		"only the header":         {func(f *ClickFacts) { f.Head = true }, true, false},
		"no agent":                {func(f *ClickFacts) { f.Agent = "" }, true, false},
		"a scanner":               {func(f *ClickFacts) { f.Agent = "BarracudaCentral" }, true, false},
		"a program":               {func(f *ClickFacts) { f.Agent = "Python-urllib/3.13" }, true, false},
		"too soon":                {func(f *ClickFacts) { f.After = ClickHurry - 1 }, true, false},
		"soon":                    {func(f *ClickFacts) { f.After = ClickHurry }, false, false},
		"before the relay's word": {func(f *ClickFacts) { f.After = 0 }, true, false},
		"the third at once":       {func(f *ClickFacts) { f.Others = 2 }, true, true},
		"what nobody sees":        {func(f *ClickFacts) { f.Decoy = true }, true, true},
		"after a program":         {func(f *ClickFacts) { f.Marked = true }, true, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := person
			tt.change(&f)
			if f.Machine() != tt.machine || f.Burst() != tt.burst {
				t.Errorf("machine %v, burst %v", f.Machine(), f.Burst())
			}
		})
	}
}
