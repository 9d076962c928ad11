package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

const (
	purposeSlug  = "travel-news"
	formSlug     = "bench"
	campaignSlug = "winter-2027"
	formPath     = "/f/" + formSlug
)

// refusal is an answer of the API that is not a success.
type refusal struct {
	call   string
	status int
	body   string
}

func (r refusal) Error() string {
	if r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed {
		return fmt.Sprintf("this akkoord does not have %s (%d)", r.call, r.status)
	}
	return fmt.Sprintf("%s: %d %s", r.call, r.status, r.body)
}

// call makes one API call. in and out may be nil.
func (p *product) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return refusal{method + " " + path, response.StatusCode, strings.TrimSpace(string(answer[:min(len(answer), 600)]))}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

type localised map[string]string

// prepare makes what people can sign up to: a purpose, a form, a campaign.
func (p *product) prepare(ctx context.Context) error {
	return errors.Join(
		p.call(ctx, "POST", "/purposes", map[string]any{
			"slug":        purposeSlug,
			"name":        localised{"nl": "Reisnieuws", "en": "Travel news"},
			"explanation": localised{"nl": "Twee keer per maand nieuws over reizen.", "en": "News about travel, twice a month."},
			"wording": localised{
				"nl": "Ja, Zonvaart Reizen mag mij per e-mail nieuws over reizen sturen.",
				"en": "Yes, Zonvaart Reizen may send me news about travel by e-mail."},
			"basis":               "consent",
			"inactive_after_days": 365,
		}, nil),
		p.call(ctx, "POST", "/forms", map[string]any{
			"slug": formSlug, "purposes": []string{purposeSlug}, "interests": []string{}, "challenge": "none",
		}, nil),
		p.call(ctx, "POST", "/campaigns", map[string]any{
			"slug": campaignSlug, "name": "Winter 2027", "purpose": purposeSlug,
		}, nil),
	)
}

// mailing is what GET /mailings/{id} tells.
type mailing struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Total int    `json:"total"`
	Sent  int    `json:"sent"`
	Open  int    `json:"open"`

	Bounced int `json:"bounced"`
}

// newMailing makes a mailing of a campaign, with 20 KB of HTML and the person's name in
// subject and body. A server without the html kind of content gets the same
// paragraphs as Markdown, which it renders to HTML. What else is in the body is set by with.
func (p *product) newMailing(ctx context.Context, campaign string, with map[string]any) (mailing, error) {
	const greeting = `{{name | default: "reiziger"}}`
	paragraphs := strings.Join(paragraphsOf(20_000), "")
	path := "/campaigns/" + campaign + "/mailings"
	content := map[string]any{"subject": "Naar de sneeuw, " + greeting, "html": "<h1>Dag " + greeting + "</h1>\n" + paragraphs}
	maps.Copy(content, with)
	var m mailing
	err := p.call(ctx, "POST", path, content, &m)
	if refused := (refusal{}); errors.As(err, &refused) && (refused.status == http.StatusUnprocessableEntity || refused.status == http.StatusBadRequest) {
		delete(content, "html")
		content["markdown"] = "# Dag " + greeting + "\n\n" + asMarkdown(paragraphs)
		err = p.call(ctx, "POST", path, content, &m)
	}
	return m, err
}

// asMarkdown turns the paragraphs of paragraph, and no other HTML, into Markdown.
func asMarkdown(paragraphs string) string {
	return strings.NewReplacer("<p>", "", "</p>\n", "\n\n", "<a href=\"", "[Lees verder](", "\">Lees verder</a>", ")").Replace(paragraphs)
}

func (p *product) mailing(ctx context.Context, id string) (mailing, error) {
	m := mailing{ID: id}
	err := p.call(ctx, "GET", "/mailings/"+id, nil, &m)
	return m, err
}

// awaitState waits until a mailing is in a state.
func (p *product) awaitState(ctx context.Context, id, state string, atMost time.Duration) (mailing, error) {
	return p.await(ctx, id, state, atMost, 20*time.Millisecond, func(m mailing) bool { return m.State == state })
}

// awaitSent waits until so many mails of a mailing are put down as sent, whatever its state
// is. It asks seldom: what is told of a test costs something.
func (p *product) awaitSent(ctx context.Context, id string, people int) (mailing, error) {
	return p.await(ctx, id, fmt.Sprintf("%d sent", people), time.Minute, 100*time.Millisecond, func(m mailing) bool { return m.Sent >= people })
}

// await asks for a mailing over and over until it is as wanted.
func (p *product) await(ctx context.Context, id, what string, atMost, every time.Duration, wanted func(mailing) bool) (mailing, error) {
	end := time.Now().Add(atMost)
	for {
		m, err := p.mailing(ctx, id)
		if err != nil || wanted(m) {
			return m, err
		}
		if time.Now().After(end) {
			return m, fmt.Errorf("the mailing is %q with %d of %d sent, not %q within %s", m.State, m.Sent, m.Total, what, atMost)
		}
		if err := pause(ctx, every); err != nil {
			return m, err
		}
	}
}
