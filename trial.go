package akkoord

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// Trial is a test of a mailing's variants on a part of its audience; the others
// get the winner (M17).
type Trial struct {
	Share   int          `json:"share"`   // percent of the audience that the test takes
	Measure TrialMeasure `json:"measure"` // what makes a variant the better one
	Wait    int          `json:"wait"`    // minutes after a mail in which its reader's act counts
	Expect  float64      `json:"expect"`  // share of readers who are expected to act, for what is foretold
}

// TrialMeasure is what makes a variant the better one.
type TrialMeasure string

// The measures of a trial.
const (
	TrialClicks       TrialMeasure = "clicks"       // more people who clicked, of those who let their clicks be counted
	TrialUnsubscribes TrialMeasure = "unsubscribes" // fewer people who left
)

// TrialLevel is how often, at most, a trial of equal variants finds a winner.
const TrialLevel = 0.05

// Check reports the first thing wrong with a trial of so many variants.
func (t Trial) Check(variants int) error {
	switch {
	case variants < 2:
		return Fieldf("ab", "trial_variants", "A test needs two variants at least.")
	case t.Share < 1 || t.Share > 100:
		return Fieldf("ab", "trial_share", "The test takes 1 to 100 percent of the audience.")
	case t.Measure != TrialClicks && t.Measure != TrialUnsubscribes:
		return Fieldf("ab", "trial_measure", "The better variant is told by clicks or unsubscribes.")
	case t.Wait < 5 || t.Wait > 7*24*60:
		return Fieldf("ab", "trial_wait", "A test waits 5 minutes to 7 days for each reader.")
	case !(t.Expect > 0 && t.Expect < 1):
		return Fieldf("ab", "trial_expect", "The expected share of readers who act is between 0 and 1.")
	}
	return nil
}

// Waits is how long after a mail its reader's act counts.
func (t Trial) Waits() time.Duration { return time.Duration(t.Wait) * time.Minute }

// Arm gives the variant that a person gets in a trial of so many, or -1 for
// who gets the winner: by a keyed hash of person and mailing, so that it is the
// same at any time and on any node, and tells nothing of the person. key is
// Keyring.Derive("trial").
func (t Trial) Arm(key []byte, mailing, person int64, variants int) int {
	mac := hmac.New(sha256.New, key)
	var name [16]byte
	binary.BigEndian.PutUint64(name[:8], uint64(mailing))
	binary.BigEndian.PutUint64(name[8:], uint64(person))
	mac.Write(name[:])
	sum := mac.Sum(nil)
	if below(sum[:8], 100) >= t.Share {
		return -1
	}
	return below(sum[8:16], variants)
}

// below makes a number under n of eight random bytes.
func below(b []byte, n int) int {
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(b), uint64(n))
	return int(hi)
}

// TimeOf is when a variant may go out that begins to be sent at start: at once, or
// when the sender's clock shows its time.
func (m Mailing) TimeOf(variant int, start time.Time) time.Time {
	if variant < 0 || variant >= len(m.Variants) || m.Variants[variant].At == "" {
		return start
	}
	zone := m.Plan.Location()
	from, _, _ := SendHours{From: m.Variants[variant].At}.minutes()
	y, mo, d := start.In(zone).Date()
	for day := range 2 {
		for _, at := range passes(y, mo, d+day, from, zone) {
			if !at.Before(start) {
				return at
			}
		}
	}
	return start
}

// ArmFigures are what is known of one variant in a trial. Only whose wait is
// over is counted, each once: so a look at the figures, and another, changes
// nothing about what they prove.
type ArmFigures struct {
	Sent    int // mails of the test that were handed over
	Waited  int // of them, whose wait is over
	Counted int // of them, who let their clicks be counted
	Clicked int
	Left    int
}

// Ripe reports whether nearly all of a test have had their time; the few whose
// mail was put off don't hold it up. open are people of it who have no mail yet.
func Ripe(arms []ArmFigures, open int) bool {
	sent, waited := 0, 0
	for _, a := range arms {
		sent, waited = sent+a.Sent, waited+a.Waited
	}
	return open == 0 && 20*waited >= 19*sent
}

// acts gives how many of how many did what the measure counts.
func (m TrialMeasure) acts(a ArmFigures) (acted, of int) {
	if m == TrialClicks {
		return a.Clicked, a.Counted
	}
	return a.Left, a.Waited
}

// TrialVerdict is what a trial comes to.
type TrialVerdict struct {
	Winner int       `json:"winner"` // index of the variant that the others get
	Code   TrialCode `json:"code"`
	P      float64   `json:"p"` // always valid, of the winner against the next best, for all comparisons made
}

// TrialCode says why a variant is the one.
type TrialCode string

// Why a variant is sent to the others.
const (
	TrialWon        TrialCode = "won"           // it is better than each other one
	TrialNoWinner   TrialCode = "no_difference" // none is; the first is sent
	TrialGuarded    TrialCode = "guarded"       // one has more clicks, and more people leave by it; the first is sent
	TrialNothingYet TrialCode = ""              // it goes on
)

// Decide gives the verdict on the variants of a trial. It can be asked at any
// time and as often as one likes: a winner is a winner from then on, however
// early. Whether "no difference" is the last word, Ripe says.
func (t Trial) Decide(arms []ArmFigures) TrialVerdict {
	best, p := t.Measure.best(arms)
	v := TrialVerdict{Code: TrialNoWinner, P: p}
	if p >= TrialLevel {
		return v
	}
	v.Winner, v.Code = best, TrialWon
	if t.Measure == TrialUnsubscribes {
		return v
	}
	pairs := pairsOf(len(arms))
	for i, other := range arms {
		if rate(arms[best].Left, arms[best].Waited) > rate(other.Left, other.Waited) && i != best &&
			pairs*Differ(arms[best].Left, arms[best].Waited, other.Left, other.Waited) < TrialLevel {
			return TrialVerdict{Code: TrialGuarded, P: p}
		}
	}
	return v
}

// Seen gives the rate of a variant, with what it leaves possible: see
// RateInterval. Where fewer than Limits.ClickGroup people clicked, whom a number could give
// away, the rate is -1 and nothing is told but that it is possible (M22).
func (m TrialMeasure) Seen(a ArmFigures) (r, low, high float64) {
	x, n := m.acts(a)
	if m == TrialClicks && x < Limits.ClickGroup {
		_, high = RateInterval(min(Limits.ClickGroup-1, n), n)
		return -1, 0, high
	}
	low, high = RateInterval(x, n)
	return rate(x, n), low, high
}

// best gives the variant with the best rate, and how unlikely it is that some other
// one is as good, for all pairs that could have been compared (Bonferroni).
func (m TrialMeasure) best(arms []ArmFigures) (best int, p float64) {
	better := func(a, b ArmFigures) bool {
		x, n := m.acts(a)
		y, o := m.acts(b)
		return (rate(x, n) > rate(y, o)) == (m == TrialClicks) && rate(x, n) != rate(y, o)
	}
	for i := range arms {
		if better(arms[i], arms[best]) {
			best = i
		}
	}
	x, n := m.acts(arms[best])
	for i := range arms {
		if i != best {
			y, o := m.acts(arms[i])
			p = max(p, pairsOf(len(arms))*Differ(x, n, y, o))
		}
	}
	return best, min(p, 1)
}

func pairsOf(n int) float64 { return float64(n*(n-1)) / 2 }

func rate(acted, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(acted) / float64(of)
}

// Differ gives an always-valid p-value for that two groups act alike: x of n,
// and y of m. Under that assumption it is below alpha, at any time and however
// often one looks, with a probability of alpha at most, exactly and for small
// groups too: 1/p is the product of two Beta(1/2, 1/2) mixture martingales (Robbins
// 1970, Ann. Math. Statist. 41; Howard et al. 2021, Ann. Statist. 49), each
// against the common rate that speaks most for it, and Ville's inequality holds
// for it at the true rate.
func Differ(x, n, y, m int) float64 {
	common := rate(x+y, n+m)
	return math.Exp(-max(mixture(x, n, common)+mixture(y, m, common), 0))
}

// mixture is the logarithm of the martingale of x of n against a rate.
func mixture(x, n int, rate float64) float64 {
	return logBeta(float64(x)+0.5, float64(n-x)+0.5) - logBeta(0.5, 0.5) - logLikelihood(float64(x), float64(n), rate)
}

func logLikelihood(x, n, rate float64) float64 {
	s := 0.0
	if x > 0 {
		s += x * math.Log(rate)
	}
	if x < n {
		s += (n - x) * math.Log1p(-rate)
	}
	return s
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// RateInterval gives the rates that x of n leave possible: with a probability of
// 1 - TrialLevel they hold the true one at all times at which one looks.
func RateInterval(x, n int) (low, high float64) {
	most := math.Log(1 / TrialLevel)
	holds := func(rate float64) bool { return mixture(x, n, rate) < most }
	edge := func(in, out float64) float64 {
		for range 50 {
			if mid := (in + out) / 2; holds(mid) {
				in = mid
			} else {
				out = mid
			}
		}
		return out
	}
	at := min(max(rate(x, n), 1e-12), 1-1e-12)
	if n == 0 {
		return 0, 1
	}
	if low = 0; x > 0 {
		low = edge(at, 0)
	}
	if high = 1; x < n {
		high = edge(at, 1)
	}
	return low, high
}

// Foretell gives how many of so many people, who count, each of so many variants
// gets, and the smallest difference of their rates that the trial finds four times
// of five, where the expected share of them acts; 1: none.
func (t Trial) Foretell(people int64, variants int) (each int, difference float64) {
	each = int(float64(people) * float64(t.Share) / 100 / float64(max(variants, 1)))
	finds := func(d float64) bool {
		q, n := t.Expect+d, float64(each)
		if n < 1 {
			return false
		}
		seen := d - 0.8416*math.Sqrt((t.Expect*(1-t.Expect)+q*(1-q))/n) // exceeded in 80 of 100
		x, y := int(math.Round(n*t.Expect)), int(math.Round(n*(t.Expect+seen)))
		return y > x && y <= each && pairsOf(variants)*Differ(x, each, y, each) < TrialLevel
	}
	low, high := 0.0, 1-t.Expect
	if !finds(high) {
		return each, 1
	}
	for range 40 {
		if mid := (low + high) / 2; finds(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return each, high
}
