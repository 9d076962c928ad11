package akkoord

import (
	"cmp"
	"slices"
	"time"
)

// LearnedInterest is a topic that somebody is taken to like by the links that they
// clicked in mails of one purpose, where they allowed that. It is no interest that
// they chose, and steers nothing under another purpose (M16).
type LearnedInterest struct {
	PurposeID int64
	Topic     string
	Links     int       // with the topic, that they clicked
	LastAt    time.Time // they clicked one
}

// How long and from how many links interests are learned.
const (
	LearnDays = 365 // for which a click counts
	LearnMost = 5   // links that a purpose can ask for
)

// LearnedSince gives the time from which on clicks count at now.
func LearnedSince(now time.Time) time.Time { return now.AddDate(0, 0, -LearnDays) }

// Learns reports whether interests are learned from clicks in the purpose's mails.
func (p Purpose) Learns() bool { return p.LearnAfter > 0 }

// Learned gives the interests that a person's clicks under a purpose come to, by
// topic, each link once. Clicks are those of the person alone, never a program's.
func (p Purpose) Learned(sub Subscription, clicks []PersonClick, now time.Time) []LearnedInterest {
	if !p.Learns() || sub.PurposeID != p.ID || !sub.Learnable() {
		return nil
	}
	topics := map[string]*LearnedInterest{}
	for _, c := range clicks {
		if c.Topic == "" || c.At.Before(sub.Learning) || c.At.Before(LearnedSince(now)) {
			continue
		}
		of := topics[c.Topic]
		if of == nil {
			of = &LearnedInterest{PurposeID: p.ID, Topic: c.Topic}
			topics[c.Topic] = of
		}
		of.Links++
		of.LastAt = later(of.LastAt, c.At)
	}
	var out []LearnedInterest
	for _, of := range topics {
		if of.Links >= p.LearnAfter {
			out = append(out, *of)
		}
	}
	slices.SortFunc(out, func(a, b LearnedInterest) int { return cmp.Compare(a.Topic, b.Topic) })
	return out
}

// Learnable reports whether the person lets interests be learned from their clicks
// now, if the purpose does so.
func (s Subscription) Learnable() bool {
	return s.State == Active && !s.Tracking.IsZero() && !s.Learning.IsZero()
}

// Learn decides what saying yes or no to learning from clicks under one purpose
// does. Counting clicks is asked for by itself: who does not let them be counted
// has nothing to be learned from. words are those that were agreed to.
func (s Standing) Learn(p Purpose, yes bool, words string, o Origin, now time.Time) (Change, error) {
	sub := s.Subscription(p.ID)
	if sub.State != Active || yes != sub.Learning.IsZero() {
		return Change{}, nil
	}
	kind := LearningOff
	sub.Learning = time.Time{}
	if yes {
		switch {
		case !p.Learns():
			return Change{}, Fieldf("learn", "learning_off", "Nothing is learned from clicks in these mails.")
		case sub.Tracking.IsZero():
			return Change{}, Fieldf("learn", "learning_untracked", "Let your clicks be counted first: without that there is nothing to learn from.")
		}
		kind, sub.Learning, o.Evidence.Learning = LearningOn, now, words
	}
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(kind, sub, now)}}, nil
}

// checkLearning reports a number of links that no purpose can ask for.
func (p Purpose) checkLearning() error {
	if p.LearnAfter < 0 || p.LearnAfter > LearnMost {
		return Fieldf("learn_after_links", "learn_after_range", "The number of clicked links is between 0 (nothing is learned) and %d.", LearnMost)
	}
	return nil
}
