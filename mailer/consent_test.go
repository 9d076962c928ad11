package mailer_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

// play is a random history of people, mailings and connections over the real
// store, and what a model says about it.
type play struct {
	*world
	t        *rapid.T
	active   map[string]bool
	left     map[string]bool // gone from the campaign
	pending  map[string]akkoord.Link
	undo     map[string]akkoord.Link
	mailings []akkoord.Mailing
	held     []*held
	got      map[int64]map[string]bool
}

// held is a window that a connection has claimed and is working through.
type held struct {
	w    *akkoord.Window
	next int
}

func TestNobodyWithoutActiveConsentIsMailedWhateverTheOrderM1P09P15(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &play{world: newWorld(t, 0), t: rt, active: map[string]bool{}, left: map[string]bool{}, pending: map[string]akkoord.Link{}, undo: map[string]akkoord.Link{}, got: map[int64]map[string]bool{}}
		defer p.end()
		rt.Repeat(map[string]func(*rapid.T){
			"sign up": p.ask, "confirm": p.confirm, "leave": p.leaveOne, "undo": p.takeBack,
			"start": p.begin, "pause or resume": p.pauseOrResume, "claim": p.claim, "send": p.send, "release": p.release, "restart": p.restart,
			"": func(*rapid.T) { p.clock.Advance(time.Second) },
		})
	})
}

func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) someone() string {
	return rapid.SampledFrom([]string{"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"}).Draw(p.t, "person")
}

func (p *play) email(a string) akkoord.Email {
	e, err := akkoord.ParseEmail(a)
	p.must(err)
	return e
}

func (p *play) ask(t *rapid.T) {
	a := p.someone()
	e := p.signUp(a)
	if st := p.standing(e); st.Subscription(p.purpose.ID).State == akkoord.Pending {
		p.pending[a] = akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.purpose.ID).Request}
	}
}

func (p *play) confirm(t *rapid.T) {
	a := p.someone()
	link, ok := p.pending[a]
	if !ok {
		t.Skip()
	}
	asked, err := p.store.Confirm(t.Context(), link, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson})
	p.must(err)
	if asked.Answer == akkoord.AnswerConfirmed {
		p.active[a] = true
		delete(p.undo, a)
	}
}

func (p *play) leaveOne(t *rapid.T) {
	a := p.someone()
	st := p.standing(p.email(a))
	if st.Subscriber.ID == 0 {
		t.Skip()
	}
	scope := rapid.SampledFrom([]akkoord.Scope{akkoord.ScopeCampaign, akkoord.ScopePurpose, akkoord.ScopeAll}).Draw(t, "scope")
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: p.purpose.ID, Campaign: p.campaign.ID}
	out, err := p.store.Leave(t.Context(), link, scope, akkoord.Origin{Source: "unsubscribe", Actor: akkoord.ActorPerson})
	p.must(err)
	link.At = out.At
	if scope == akkoord.ScopeCampaign {
		p.left[a] = true
	} else {
		if p.active[a] {
			p.undo[a] = link
		}
		p.active[a] = false
		delete(p.pending, a)
	}
}

func (p *play) takeBack(t *rapid.T) {
	a := p.someone()
	link, ok := p.undo[a]
	if !ok {
		t.Skip()
	}
	_, err := p.store.Undo(t.Context(), link, akkoord.Origin{Source: "undo", Actor: akkoord.ActorPerson})
	p.must(err)
	// Whether it still could be taken back is the rules' matter; they have
	// their own tests. Here the store's word counts.
	st := p.standing(p.email(a))
	p.active[a] = st.Subscription(p.purpose.ID).State == akkoord.Active && !st.Suppressed(akkoord.SuppressedUnsubscribed)
	delete(p.undo, a)
}

func (p *play) begin(*rapid.T) {
	m := p.start()
	p.mailings = append(p.mailings, m)
	p.got[m.ID] = map[string]bool{}
}

func (p *play) pauseOrResume(t *rapid.T) {
	if len(p.mailings) == 0 {
		t.Skip()
	}
	m := p.mailing(rapid.SampledFrom(p.mailings).Draw(t, "mailing"))
	var err error
	switch m.State {
	case akkoord.MailingSending:
		_, err = p.store.PauseMailing(t.Context(), "user:1", m.PublicID)
	case akkoord.MailingPaused:
		_, err = p.store.ResumeMailing(t.Context(), "user:1", m.PublicID)
	}
	p.must(err)
}

func (p *play) claim(t *rapid.T) {
	w, err := p.store.Claim(t.Context())
	p.must(err)
	if w != nil {
		p.held = append(p.held, &held{w: w})
	}
}

func (p *play) send(t *rapid.T) {
	if len(p.held) == 0 {
		t.Skip()
	}
	h := rapid.SampledFrom(p.held).Draw(t, "window")
	if h.next == len(h.w.Recipients) {
		t.Skip()
	}
	i := h.next
	h.next++
	r := h.w.Recipients[i]
	v, err := p.store.Ask(t.Context(), h.w, i)
	p.must(err)
	a := r.Email.Address()
	may := p.active[a] && !p.left[a] && p.mailing(akkoord.Mailing{ID: h.w.MailingID}).State == akkoord.MailingSending
	if v.Allowed != may {
		t.Fatalf("%s: the last question says %+v, the model %v", a, v, may)
	}
	if !v.Allowed {
		return
	}
	if p.got[h.w.MailingID][a] {
		t.Fatalf("%s gets mailing %d twice", a, h.w.MailingID)
	}
	p.got[h.w.MailingID][a] = true
	p.must(p.store.Mark(h.w, i, p.clock.Now()))
	p.store.Note(h.w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: p.clock.Now(), FirstAt: p.clock.Now()})
}

func (p *play) release(t *rapid.T) {
	if len(p.held) == 0 {
		t.Skip()
	}
	p.must(p.store.Release(t.Context(), p.held[0].w))
	p.held = p.held[1:]
}

func (p *play) restart(*rapid.T) {
	p.must(p.store.Close())
	p.open()
	p.held = nil
}

// end checks the books and closes the store.
func (p *play) end() {
	for _, m := range p.mailings {
		p.restart(p.t)
		c := p.counts(m)
		if c.Sent != int64(len(p.got[m.ID])) || c.Total != c.Open+c.Sent+c.Skipped {
			p.t.Fatalf("mailing %d: %+v, sent to %d", m.ID, c, len(p.got[m.ID]))
		}
	}
	p.must(p.store.Close())
	p.server.Close()
}
