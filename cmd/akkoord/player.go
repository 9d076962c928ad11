package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"akkoord/mailer/mailertest"
)

// player does what visitors, recipients and administrators do, over HTTP and
// with the mails that arrive.
type player struct {
	ctx    context.Context
	demo   *demo
	client *http.Client
	read   map[string]int // mails already read, per recipient

	confirmMail    letter
	confirmURL     string
	preferencesURL string
	unsubscribeURL string
}

// letter is a mail that arrived, parsed and raw.
type letter struct {
	mailertest.Content
	raw []byte
}

// header gives the first value of a header field.
func (l letter) header(name string) string {
	if values := l.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// page is an answer.
type page struct {
	status         int
	location, body string
}

func newPlayer(ctx context.Context, d *demo) *player {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only for options, and there are none
	}
	return &player{ctx: ctx, demo: d, read: map[string]int{}, client: &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// form makes form values of name, value, name, value, ….
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (p *player) get(link string) (page, error) { return p.do(http.MethodGet, link, nil) }

func (p *player) post(link string, values url.Values) (page, error) {
	return p.do(http.MethodPost, link, values)
}

func (p *player) do(method, link string, values url.Values) (page, error) {
	if strings.HasPrefix(link, "/") {
		link = p.demo.app.site.URL + link
	}
	req, err := http.NewRequestWithContext(p.ctx, method, link, strings.NewReader(values.Encode()))
	if err != nil {
		return page{}, err
	}
	if values != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "text/html")
	return p.send(req)
}

func (p *player) send(req *http.Request) (page, error) {
	res, err := p.client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	return page{res.StatusCode, res.Header.Get("Location"), string(body)}, err
}

// want reports what an answer lacks of a status and words.
func (got page) want(status int, words ...string) error {
	if got.status != status {
		return fmt.Errorf("the answer is %d, not %d", got.status, status)
	}
	for _, w := range words {
		if !strings.Contains(got.body, w) && !strings.Contains(html.UnescapeString(got.body), w) {
			return fmt.Errorf("the page does not say %q", w)
		}
	}
	return nil
}

var (
	formTag   = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	hiddenTag = regexp.MustCompile(`<(?:input|button)[^>]*>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// submit presses the button of the page's form that has a field of a name (""
// for the first form), with its hidden fields and the values given.
func (p *player) submit(on page, link, field string, pairs ...string) (page, error) {
	for _, f := range formTag.FindAllString(on.body, -1) {
		if field != "" && !strings.Contains(f, `name="`+field+`"`) {
			continue
		}
		values := form(pairs...)
		pressed := false // the first button
		for _, tag := range hiddenTag.FindAllString(f, -1) {
			a := map[string]string{}
			for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
				a[m[1]] = html.UnescapeString(m[2])
			}
			button := strings.HasPrefix(tag, "<button") && !pressed
			pressed = pressed || button
			if a["name"] != "" && (a["type"] == "hidden" || button) {
				values.Set(a["name"], a["value"])
			}
		}
		if m := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(f); m != nil {
			link = html.UnescapeString(m[1])
		}
		return p.post(link, values)
	}
	return page{}, fmt.Errorf("the page has no form with %q", field)
}

// nextMail waits for a mail to who that was not read yet.
func (p *player) nextMail(who string) (letter, error) {
	n := p.read[who]
	messages, err := p.demo.smtp.Wait(p.ctx, who, n+1)
	if err != nil {
		return letter{}, fmt.Errorf("no mail arrives: %w", err)
	}
	p.read[who] = n + 1
	return parseMail(messages[n])
}

// lastMail gives the newest mail to who.
func (p *player) lastMail(who string) (letter, error) {
	messages, err := p.demo.smtp.Wait(p.ctx, who, 1)
	if err != nil {
		return letter{}, err
	}
	return parseMail(messages[len(messages)-1])
}

func parseMail(m mailertest.Message) (letter, error) {
	content, err := mailertest.Parse(m.Raw)
	return letter{content, m.Raw}, err
}

// api calls the JSON API as an owner.
func (p *player) api(method, path string, in any, status int, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(p.ctx, method, p.demo.app.site.URL+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.demo.seed.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	got, err := p.send(req)
	if err != nil {
		return err
	}
	if got.status != status {
		return fmt.Errorf("%s %s answers %d: %s", method, path, got.status, got.body)
	}
	return json.Unmarshal([]byte(got.body), out)
}

// apiPerson is a person as the API shows them.
type apiPerson struct {
	ID        string   `json:"id"`
	Interests []string `json:"interests"`
	Consents  []struct {
		Purpose string `json:"purpose"`
		State   string `json:"state"`
	} `json:"consents"`
}

func (p *player) person(who string) (apiPerson, error) {
	var list struct {
		Items []apiPerson `json:"items"`
	}
	if err := p.api(http.MethodGet, "/subscribers?email="+url.QueryEscape(who), nil, http.StatusOK, &list); err != nil {
		return apiPerson{}, err
	}
	if len(list.Items) != 1 {
		return apiPerson{}, fmt.Errorf("%d people with the address", len(list.Items))
	}
	return list.Items[0], nil
}

func (p *player) wantState(who, purpose, state string) error {
	person, err := p.person(who)
	if err != nil {
		return err
	}
	for _, c := range person.Consents {
		if c.Purpose == purpose {
			if c.State != state {
				return fmt.Errorf("the consent for %s is %s, not %s", purpose, c.State, state)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no consent for %s", purpose)
}

func (p *player) wantEvents(who string, kinds ...string) error {
	person, err := p.person(who)
	if err != nil {
		return err
	}
	var list struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	if err := p.api(http.MethodGet, "/subscribers/"+person.ID+"/events", nil, http.StatusOK, &list); err != nil {
		return err
	}
	var got []string
	for _, e := range list.Items {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, kinds) {
		return fmt.Errorf("the events are %v, not %v", got, kinds)
	}
	return nil
}

func (p *player) wantGate(who, purpose, code string) error {
	var verdict struct {
		Allowed bool   `json:"allowed"`
		Code    string `json:"code"`
	}
	if err := p.api(http.MethodGet, "/gate?email="+url.QueryEscape(who)+"&purpose="+purpose, nil, http.StatusOK, &verdict); err != nil {
		return err
	}
	if verdict.Allowed || verdict.Code != code {
		return fmt.Errorf("the gate says %+v, not %s", verdict, code)
	}
	return nil
}

// apiMailing is a mailing's progress as the API shows it.
type apiMailing struct {
	State     string `json:"state"`
	Total     int64  `json:"total"`
	Open      int64  `json:"open"`
	Sent      int64  `json:"sent"`
	Deferred  int64  `json:"deferred"`
	Bounced   int64  `json:"bounced"`
	Failed    int64  `json:"failed"`
	Uncertain int64  `json:"uncertain"`
	Skipped   int64  `json:"skipped"`
}

// sendAndWait sends a mailing and watches it until it is sent; it must add up
// whenever looked at (P07).
func (p *player) sendAndWait(id string) (apiMailing, error) {
	var m apiMailing
	if err := p.api(http.MethodPost, "/mailings/"+id+"/send", nil, http.StatusOK, &m); err != nil {
		return m, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := p.api(http.MethodGet, "/mailings/"+id, nil, http.StatusOK, &m); err != nil {
			return m, err
		}
		if sum := m.Open + m.Sent + m.Deferred + m.Bounced + m.Failed + m.Uncertain + m.Skipped; sum != m.Total {
			return m, fmt.Errorf("the deliveries add up to %d of %d: %+v", sum, m.Total, m)
		}
		if m.State == "sent" {
			return m, nil
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return m, fmt.Errorf("the mailing is not sent in time: %+v", m)
		}
	}
}
