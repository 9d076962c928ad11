package server

import (
	"context"

	"akkoord"
	"akkoord/templates"
)

// Learner records what people decide about learning from their clicks, and tells
// what was learned (M16).
type Learner interface {
	Learn(ctx context.Context, person akkoord.ID, purposeID int64, yes bool, words string, o akkoord.Origin) error
	Learned(context.Context, akkoord.Standing) ([]akkoord.LearnedInterest, error)
	ForgetLearned(ctx context.Context, person akkoord.ID, purposeID int64, topic string, o akkoord.Origin) error
}

// learnWords are what somebody agrees to who lets interests be learned; they are
// kept as evidence, as they were read.
func (s *Server) learnWords(p akkoord.Purpose, locale string) string {
	return s.Pages.T(locale, "own.learn_words", "Name", p.Text(locale).Name)
}

// learn does what a post of the preferences page asks for about learning from
// clicks: learn and unlearn name a purpose, forget too, with a topic.
func (s *Server) learn(ctx context.Context, link akkoord.Link, f fields, o akkoord.Origin) (page templates.PreferencesPage, done bool, err error) {
	for _, act := range []struct {
		name   string
		notice templates.Notice
	}{{"learn", templates.NoticeLearning}, {"unlearn", templates.NoticeUnlearned}, {"forget", templates.NoticeForgotten}} {
		if f.first(act.name) == "" {
			continue
		}
		p, err := s.preference(ctx, act.name, f, o.Locale)
		if err != nil {
			return page, true, err
		}
		page.Notice, page.Subject = act.notice, p.Text(o.Locale).Name
		if act.name != "forget" {
			return page, true, s.Consents.Learn(ctx, link.Subscriber, p.ID, act.name == "learn", s.learnWords(p, o.Locale), o)
		}
		topic := f.first("topic")
		if err := akkoord.CheckSlug("topic", topic); err != nil {
			return page, true, err
		}
		if page.Subject, err = s.topicName(ctx, topic, o.Locale); err != nil {
			return page, true, err
		}
		return page, true, s.Consents.ForgetLearned(ctx, link.Subscriber, p.ID, topic, o)
	}
	return page, false, nil
}

// topicName gives what forms call an interest of the name of a topic, or the topic.
func (s *Server) topicName(ctx context.Context, topic, locale string) (string, error) {
	forms, err := s.Catalog.Forms(ctx)
	for _, f := range forms {
		if name := f.Version.Texts[locale].Interests[topic]; name != "" {
			return name, err
		}
	}
	return templates.NameOr("", topic), err
}

// learnedRow adds to the row of a purpose what is learned under it.
func (s *Server) learnedRow(ctx context.Context, row *templates.PreferencePurpose, p akkoord.Purpose, st akkoord.Standing, learned []akkoord.LearnedInterest, locale string) error {
	sub := st.Subscription(p.ID)
	row.Learning = sub.Learnable()
	if row.Learns = p.Learns(); row.Learns && row.Tracked && !row.Learning {
		row.LearnWords = s.learnWords(p, locale)
	}
	for _, l := range learned {
		if l.PurposeID != p.ID {
			continue
		}
		name, err := s.topicName(ctx, l.Topic, locale)
		if err != nil {
			return err
		}
		row.Learned = append(row.Learned, templates.LearnedTopic{Topic: l.Topic, Name: name, Links: l.Links, LastAt: l.LastAt})
	}
	return nil
}
