package akkoord_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
)

// M17: equal variants have a winner in five of a hundred trials at most, also
// when somebody looks after every single reader.
func TestLookingOftenFindsNoWinnerAmongEquals(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 1))
	for _, p := range []float64{0.02, 0.1, 0.5} {
		const trials, readers = 400, 600
		found := 0
		for range trials {
			var x, y int
			for n := 1; n <= readers; n++ {
				if r.Float64() < p {
					x++
				}
				if r.Float64() < p {
					y++
				}
				if akkoord.Differ(x, n, y, n) < akkoord.TrialLevel {
					found++
					break
				}
			}
		}
		if share := float64(found) / trials; share > akkoord.TrialLevel {
			t.Errorf("at %g a winner is found in %g of all trials", p, share)
		}
	}
}

// What is foretold comes true: the difference is found in four of five trials.
func TestTheForetoldDifferenceIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 2))
	trial := akkoord.Trial{Share: 20, Measure: akkoord.TrialClicks, Wait: 240, Expect: 0.05}
	each, d := trial.Foretell(20000, 2)
	if each != 2000 || d < 0.01 || d > 0.05 {
		t.Fatalf("each variant gets %d people, and finds %g", each, d)
	}
	draw := func(p float64) (n int) {
		for range each {
			if r.Float64() < p {
				n++
			}
		}
		return n
	}
	const trials = 300
	found := 0
	for range trials {
		arms := []akkoord.ArmFigures{{Sent: each, Waited: each, Counted: each, Clicked: draw(0.05)}, {Sent: each, Waited: each, Counted: each, Clicked: draw(0.05 + d)}}
		if v := trial.Decide(arms); v.Code == akkoord.TrialWon && v.Winner == 1 {
			found++
		}
	}
	if share := float64(found) / trials; share < 0.7 || share > 0.9 {
		t.Errorf("it is found in %g of all trials", share)
	}
	if _, d := trial.Foretell(20, 2); d != 1 {
		t.Errorf("four readers find %g", d)
	}
}

// The interval holds the rate that was seen, and shrinks with more readers.
func TestIntervalsHoldWhatWasSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5000).Draw(t, "n")
		x := rapid.IntRange(0, n).Draw(t, "x")
		low, high := akkoord.RateInterval(x, n)
		if n > 0 && (low > float64(x)/float64(n) || high < float64(x)/float64(n)) || low < 0 || high > 1 || math.IsNaN(low+high) {
			t.Fatalf("%d of %d: %g to %g", x, n, low, high)
		}
		if more, less := 0.0, 0.0; n > 0 {
			more, less = akkoord.RateInterval(10*x, 10*n)
			if less-more > high-low {
				t.Fatalf("ten times as many leave %g to %g, not within %g to %g", more, less, low, high)
			}
		}
	})
}

// The same person is in the same arm at any time; arms are of a size.
func TestArmsAreStableAndEven(t *testing.T) {
	trial := akkoord.Trial{Share: 30}
	counts := map[int]int{}
	moved := 0
	for person := range int64(30000) {
		arm := trial.Arm([]byte("key"), 7, person, 3)
		counts[arm]++
		if arm != trial.Arm([]byte("key"), 7, person, 3) {
			t.Fatal("a person changed arms")
		}
		if arm != trial.Arm([]byte("key"), 8, person, 3) {
			moved++
		}
	}
	for arm := range 3 {
		if n := counts[arm]; n < 2800 || n > 3200 {
			t.Errorf("arm %d has %d of 30,000 people", arm, n)
		}
	}
	if moved < 10000 || counts[-1] < 20500 || counts[-1] > 21500 {
		t.Errorf("in another mailing %d are elsewhere; %d wait", moved, counts[-1])
	}
}

// "No difference" is a result, and nobody wins who drives people away.
func TestVerdicts(t *testing.T) {
	arm := func(clicked, left int) akkoord.ArmFigures {
		return akkoord.ArmFigures{Sent: 1000, Waited: 1000, Counted: 1000, Clicked: clicked, Left: left}
	}
	for _, tt := range []struct {
		name    string
		measure akkoord.TrialMeasure
		arms    []akkoord.ArmFigures
		code    akkoord.TrialCode
		winner  int
	}{
		{"more clicks", akkoord.TrialClicks, []akkoord.ArmFigures{arm(30, 2), arm(90, 3)}, akkoord.TrialWon, 1},
		{"about as many", akkoord.TrialClicks, []akkoord.ArmFigures{arm(30, 2), arm(40, 3)}, akkoord.TrialNoWinner, 0},
		{"nobody", akkoord.TrialClicks, []akkoord.ArmFigures{{}, {}}, akkoord.TrialNoWinner, 0},
		{"two good ones of three", akkoord.TrialClicks, []akkoord.ArmFigures{arm(30, 2), arm(90, 3), arm(92, 1)}, akkoord.TrialNoWinner, 0},
		{"one of three", akkoord.TrialClicks, []akkoord.ArmFigures{arm(30, 2), arm(90, 3), arm(35, 1)}, akkoord.TrialWon, 1},
		{"clicks that drive away", akkoord.TrialClicks, []akkoord.ArmFigures{arm(30, 2), arm(90, 60)}, akkoord.TrialGuarded, 0},
		{"fewer who leave", akkoord.TrialUnsubscribes, []akkoord.ArmFigures{arm(30, 60), arm(0, 5)}, akkoord.TrialWon, 1},
	} {
		v := akkoord.Trial{Measure: tt.measure}.Decide(tt.arms)
		if v.Code != tt.code || v.Winner != tt.winner {
			t.Errorf("%s: %+v, want %s %d", tt.name, v, tt.code, tt.winner)
		}
	}
	if akkoord.Ripe([]akkoord.ArmFigures{{Sent: 100, Waited: 94}}, 0) || akkoord.Ripe([]akkoord.ArmFigures{{Sent: 100, Waited: 100}}, 1) || !akkoord.Ripe([]akkoord.ArmFigures{{Sent: 100, Waited: 95}}, 0) {
		t.Error("a trial is over at the wrong time")
	}
}
