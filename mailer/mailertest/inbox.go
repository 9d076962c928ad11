package mailertest

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed inbox/*.html inbox/inbox.css
var inboxFiles embed.FS

var inboxPages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"join":  func(s []string) string { return strings.Join(s, ", ") },
}).ParseFS(inboxFiles, "inbox/*.html"))

// Inbox shows the messages that a Server took: pages for people, JSON under
// /api/messages for programs. It runs nothing that a mail contains.
type Inbox struct {
	server *Server
	mux    http.Handler
}

// NewInbox makes the inbox of a server. It wants a site of its own, not a
// folder of another.
func NewInbox(s *Server) *Inbox {
	in := &Inbox{server: s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", in.list)
	mux.HandleFunc("GET /inbox.css", in.style)
	mux.HandleFunc("GET /m/{id}", in.show)
	mux.HandleFunc("GET /m/{id}/html", in.frame)
	mux.HandleFunc("GET /m/{id}/raw", in.raw)
	mux.HandleFunc("POST /clear", in.clear)
	mux.HandleFunc("GET /api/messages", in.apiList)
	mux.HandleFunc("GET /api/messages/{id}", in.apiShow)
	mux.HandleFunc("DELETE /api/messages", in.apiClear)
	in.mux = http.NewCrossOriginProtection().Handler(mux)
	return in
}

const pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// framePolicy sandboxes a mail also when its frame's address is opened by
// itself: no scripts, no forms, no plugins; links open in a tab of their own.
const framePolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"

// ServeHTTP answers a request.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	in.mux.ServeHTTP(w, r)
}

// Summary is a message in a list.
type Summary struct {
	ID       string    `json:"id"`
	To       []string  `json:"to"`
	From     string    `json:"from"` // envelope sender
	Subject  string    `json:"subject"`
	At       time.Time `json:"at"`
	Campaign string    `json:"campaign"` // X-Campaign
	Mailing  string    `json:"mailing"`  // X-Mailing
}

// Detail is a whole message.
type Detail struct {
	Summary
	Text    string              `json:"text"`
	HTML    string              `json:"html"`
	Headers map[string][]string `json:"headers"`
	Raw     string              `json:"raw"`
}

func summarise(m Message) (Summary, Content) {
	c, err := Parse(m.Raw)
	if err != nil && c.Subject == "" {
		c.Subject = "(unreadable message)"
	}
	return Summary{ID: m.ID, To: m.To, From: m.From, Subject: c.Subject, At: m.At.UTC(), Campaign: c.first("X-Campaign"), Mailing: c.first("X-Mailing")}, c
}

// shown is how many messages a list holds at most.
const shown = 200

func (in *Inbox) summaries(to string, limit int) (list []Summary, total int) {
	ms := in.server.Messages(to)
	slices.Reverse(ms)
	list = []Summary{}
	for _, m := range ms[:min(len(ms), limit)] {
		s, _ := summarise(m)
		list = append(list, s)
	}
	return list, len(ms)
}

func (in *Inbox) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to := strings.TrimSpace(q.Get("to"))
	list, total := in.summaries(to, shown)
	// The page reloads by itself only when asked to, and can be stopped: WCAG 2.2.1.
	in.page(w, "list.html", map[string]any{"List": list, "Total": total, "To": to, "Watch": q.Has("watch"), "Addr": in.server.Addr()})
}

func (in *Inbox) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, inboxFiles, "inbox/inbox.css")
}

func (in *Inbox) show(w http.ResponseWriter, r *http.Request) {
	m, ok := in.server.Message(r.PathValue("id"))
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		in.page(w, "gone.html", nil)
		return
	}
	s, c := summarise(m)
	view := r.URL.Query().Get("view")
	if !slices.Contains([]string{"html", "text", "headers", "raw"}, view) {
		view = "html"
		if c.HTML == "" {
			view = "text"
		}
	}
	in.page(w, "message.html", map[string]any{"M": s, "C": c, "View": view, "Raw": string(m.Raw), "Lint": Lint(m.Raw)})
}

func (in *Inbox) page(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = inboxPages.ExecuteTemplate(w, name, data) // a reader who left is no fault
}

var headTag = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// frame gives the HTML part for the sandboxed frame.
func (in *Inbox) frame(w http.ResponseWriter, r *http.Request) {
	m, ok := in.server.Message(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, c := summarise(m)
	const base = `<base target="_blank">`
	body := c.HTML
	if at := headTag.FindStringIndex(body); at != nil {
		body = body[:at[1]] + base + body[at[1]:]
	} else {
		body = base + body
	}
	w.Header().Set("Content-Security-Policy", framePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(body))
}

func (in *Inbox) raw(w http.ResponseWriter, r *http.Request) {
	m, ok := in.server.Message(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", `attachment; filename="message-`+m.ID+`.eml"`)
	_, _ = w.Write(m.Raw)
}

func (in *Inbox) clear(w http.ResponseWriter, r *http.Request) {
	in.server.Clear()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (in *Inbox) apiList(w http.ResponseWriter, r *http.Request) {
	list, _ := in.summaries(r.URL.Query().Get("to"), in.server.conf.Keep)
	answer(w, map[string]any{"items": list, "next_cursor": nil})
}

func (in *Inbox) apiShow(w http.ResponseWriter, r *http.Request) {
	m, ok := in.server.Message(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s, c := summarise(m)
	answer(w, Detail{Summary: s, Text: c.Text, HTML: c.HTML, Headers: c.Header, Raw: string(m.Raw)})
}

func (in *Inbox) apiClear(w http.ResponseWriter, _ *http.Request) {
	in.server.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
