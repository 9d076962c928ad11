package mailer

import (
	"context"
	htmltemplate "html/template"
	"strings"
	"sync"

	"akkoord"
)

// issueShelf keeps back issues that were drawn: the page is for everybody, so it is
// drawn once for all.
type issueShelf struct {
	mu    sync.Mutex
	by    Sender // whom they name
	pages map[issueKey]akkoord.BackIssuePage
	bytes int
	turn  chan struct{} // of one that is drawn at a time, whoever asks for how many
}

// issueKey is all that a page shows beside its sender; what a mailing says changes no
// more once everybody got it.
type issueKey struct {
	mailing                  int64
	variant                  int
	locale, campaign, signUp string
	purpose                  int64
	words                    int // version of the purpose's texts
}

// maxIssues bounds the bytes of the pages that are kept: some six hundred of 50 KB each,
// which is the archive's first page of eight purposes in four languages, or that of one
// where every mail is as long as a mail can be. Feeds, which need twenty at once, are
// kept by who sends them.
const maxIssues = 32 << 20

func pageBytes(page akkoord.BackIssuePage) int { return len(page.HTML) + len(page.Body) }

// begin waits for the turn to draw a page, while ctx lasts, and gives what ends it.
func (s *issueShelf) begin(ctx context.Context) (end func(), err error) {
	s.mu.Lock()
	if s.turn == nil {
		s.turn = make(chan struct{}, 1)
	}
	turn := s.turn
	s.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *issueShelf) find(by Sender, k issueKey) (akkoord.BackIssuePage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by != s.by {
		s.by, s.pages, s.bytes = by, nil, 0
	}
	page, ok := s.pages[k]
	return page, ok
}

func (s *issueShelf) keep(by Sender, k issueKey, page akkoord.BackIssuePage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by != s.by {
		return // it names who was behind the mails a moment ago
	}
	if s.pages == nil {
		s.pages = map[issueKey]akkoord.BackIssuePage{}
	}
	for old, p := range s.pages { // whichever comes first
		if s.bytes+pageBytes(page) <= maxIssues {
			break
		}
		s.bytes -= pageBytes(p)
		delete(s.pages, old)
	}
	s.pages[k] = page
	s.bytes += pageBytes(page)
}

// BackIssue draws a mailing of a purpose's public archive for everybody: with the
// defaults of its fields, the blocks of who chose no interest, the author's own links,
// and no link that is somebody's. signUp is the path of a form where one can ask for the
// mails; empty: there is none. Nothing of the page may be changed. Errors are those of
// what a letter says, as Composer.Campaign has them.
func (p *Press) BackIssue(ctx context.Context, i akkoord.BackIssue, purpose akkoord.Purpose, locale, signUp string) (akkoord.BackIssuePage, error) {
	_, locale = p.Composer.language(locale)
	by := p.sender()
	k := issueKey{mailing: i.ID, variant: i.Shown(), locale: locale, campaign: i.Campaign, signUp: signUp, purpose: purpose.ID, words: purpose.Version}
	if page, ok := p.issues.find(by, k); ok {
		return page, nil
	}
	end, err := p.issues.begin(ctx)
	if err != nil {
		return akkoord.BackIssuePage{}, err
	}
	defer end()
	if page, ok := p.issues.find(by, k); ok {
		return page, nil
	}
	if err := ctx.Err(); err != nil {
		return akkoord.BackIssuePage{}, err
	}
	l := p.letter(i.Mailing, akkoord.Campaign{Name: i.Campaign}, purpose, plateKey{variant: k.variant, locale: locale})
	around := issueSheet{PurposeName: l.PurposeName, ArchiveURL: l.BaseURL + inLanguage(purpose.PublicArchivePath(), locale), FeedURL: l.BaseURL + inLanguage(purpose.FeedPath(), locale)}
	if signUp != "" {
		around.SignUpURL = l.BaseURL + inLanguage(signUp, locale)
	}
	if all := i.Languages(purpose); len(all) > 1 {
		for _, code := range all {
			lang, _ := p.Composer.language(code)
			around.Languages = append(around.Languages, issueLanguage{code, lang.words["mail.language"], l.BaseURL + inLanguage(i.Path(purpose), code), code == l.Language})
		}
	}
	lang, _ := p.Composer.language(locale)
	sent := i.StartedAt
	if p.Zone != nil {
		sent = sent.In(p.Zone)
	}
	if around.Day, err = lang.words.day(sent); err != nil {
		return akkoord.BackIssuePage{}, err
	}
	page, err := p.Composer.backIssue(l, around)
	if err == nil {
		p.issues.keep(by, k, page)
	}
	return page, err
}

// inLanguage asks for a page of ours in a language.
func inLanguage(path, locale string) string { return path + "?locale=" + locale }

// issueSheet is what the layout of a back issue shows.
type issueSheet struct {
	sheet
	Body                           htmltemplate.HTML
	Day, PurposeName               string
	ArchiveURL, FeedURL, SignUpURL string
	Languages                      []issueLanguage // in which it can be read; none where it is one
}

// issueLanguage is a language that a back issue can be read in.
type issueLanguage struct {
	Code, Name, URL string
	Current         bool
}

// backIssue draws a letter as everybody may read it, in the layout of around.
func (c *Composer) backIssue(l Letter, around issueSheet) (akkoord.BackIssuePage, error) {
	if err := checkMarks(append(l.Sender.texts(), l.texts()...)...); err != nil {
		return akkoord.BackIssuePage{}, err
	}
	w, err := c.write(l)
	if err != nil {
		return akkoord.BackIssuePage{}, err
	}
	around.sheet, around.Body = w.gaps.sheet(w), htmltemplate.HTML(w.html)
	if said := w.subject.Execute(func(field string) string { return w.constants[field] }); strings.TrimSpace(said) == "" {
		around.Title = l.CampaignName
	}
	drawn, err := w.lang.drawHTML("issue", around)
	if err != nil {
		return akkoord.BackIssuePage{}, err
	}
	if w.gaps.strange(drawn) || w.gaps.strange(w.html) {
		return akkoord.BackIssuePage{}, errMark
	}
	s := Skeleton{slots: w.gaps.slots}
	nobody := &Copy{Field: func(string) string { return "" }}
	said := func(text string) []byte { return s.splice(nil, cut([]byte(text), placePage, placePageURL), nobody) }
	return akkoord.BackIssuePage{HTML: said(drawn), Body: string(said(w.html))}, nil
}
