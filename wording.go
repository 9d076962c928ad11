package akkoord

import (
	"strings"
	"time"
)

// WordingKind is what new words of a purpose are to the consents that were
// given to the words before them (M4).
type WordingKind string

// The kinds of changed wording.
const (
	WordingCorrection WordingKind = "correction" // asks for the same in better words: consents go on
	WordingWider      WordingKind = "wider"      // asks for more: no consent goes on
)

// WordingChange says what an edit of a purpose's texts is, and why.
type WordingChange struct {
	Kind   WordingKind
	Reason string // of a correction, and kept
}

// WordingEdit is an edit of a purpose's texts that was made.
type WordingEdit struct {
	WordingChange
	Version int // that it made
	Actor   Actor
	At      time.Time
}

// Reworded gives the purpose with the texts of next as its next version. Where
// the words or the explanation of a language that people may have agreed to
// differ, the change has to say what it is; a new language, a name or a
// frequency alone is a correction by itself. Errors are Invalid and name the
// field "change" or "reason".
func (p Purpose) Reworded(next Purpose) (Purpose, WordingChange, error) {
	change := next.Change
	next.Change = WordingChange{}
	next.Version, next.Wider = p.Version+1, p.Wider
	if !p.asksElse(next) && change.Kind == "" {
		return next, WordingChange{Kind: WordingCorrection, Reason: change.Reason}, nil
	}
	switch change.Kind {
	case WordingCorrection:
		if strings.TrimSpace(change.Reason) == "" {
			return p, change, Fieldf("reason", "reason_missing", "Say why the new words ask for nothing more than the old ones; it is kept on record.")
		}
	case WordingWider:
		next.Wider = next.Version
	case "":
		return p, change, Fieldf("change", "wording_change_missing", "People agreed to the words that change here. Say whether it is a correction, with a reason, so that their consent goes on, or wider, so that nobody's does.")
	default:
		return p, change, Fieldf("change", "wording_change_unknown", "A change of words is a correction or wider.")
	}
	return next, change, CheckText("reason", change.Reason, Limits.Text)
}

// asksElse reports whether next has other words or another explanation in a
// language that p has.
func (p Purpose) asksElse(next Purpose) bool {
	for locale, t := range p.Texts {
		if n, ok := next.Texts[locale]; !ok || n.Wording != t.Wording || n.Explanation != t.Explanation {
			return true
		}
	}
	return false
}
