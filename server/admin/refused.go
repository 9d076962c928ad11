package admin

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"akkoord"
	"akkoord/server/status"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// refuse draws the page that a refused post would have led to, with what is wrong
// at its top, what was typed in its form, and the field that is meant marked and
// in focus. A page that can't be drawn is led to, as after what worked.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, e *akkoord.Error, next string) error {
	s.sessions.Put(r.Context(), keyProblem, e.Code)
	s.sessions.Put(r.Context(), keyText, e.Message)
	if r.Method != http.MethodPost {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	to, err := url.Parse(next)
	if err != nil {
		return err
	}
	ask := r.Clone(r.Context())
	ask.Method, ask.URL, ask.RequestURI, ask.Body, ask.ContentLength = http.MethodGet, to, next, http.NoBody, 0
	ask.Form, ask.PostForm, ask.MultipartForm = nil, nil, nil
	page := held{header: http.Header{}}
	s.mux.ServeHTTP(&page, ask)
	if page.status != http.StatusOK {
		s.sessions.Put(r.Context(), keyProblem, e.Code)
		s.sessions.Put(r.Context(), keyText, e.Message)
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	root, err := html.Parse(&page.body)
	if err != nil {
		return err
	}
	refill(root, r.URL.Path, r.PostForm, e.Field)
	var drawn bytes.Buffer
	if err := html.Render(&drawn, root); err != nil {
		return err
	}
	for name, values := range page.header {
		w.Header()[name] = values
	}
	w.WriteHeader(status.Of(e.Kind))
	_, err = drawn.WriteTo(w)
	return err
}

// held is an answer that goes nowhere yet.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header { return h.header }

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

var _ io.Writer = (*held)(nil)

// refill puts what was typed back into the form of a page that posts to action, and
// marks the field of the rules that is wrong: its element has the same name, or
// that of the last part of the field's path. Where no element has it, the notice of
// what is wrong is in focus.
func refill(page *html.Node, action string, typed url.Values, field string) {
	notice := first(page, func(n *html.Node) bool { return attribute(n, "role") == "alert" })
	form := formOf(page, action, typed)
	var wrong *html.Node
	if form != nil {
		if !stale(form, typed) {
			put(form, typed)
		}
		name := field[strings.LastIndexByte(field, '.')+1:]
		wrong = first(form, func(n *html.Node) bool {
			return name != "" && isControl(n) && attribute(n, "type") != "hidden" && (attribute(n, "name") == field || attribute(n, "name") == name)
		})
		for n := form.Parent; n != nil; n = n.Parent {
			if n.DataAtom == atom.Details {
				set(n, "open", "")
			}
		}
	}
	for n := range page.Descendants() {
		drop(n, "autofocus")
	}
	switch {
	case wrong != nil:
		set(wrong, "autofocus", "")
		mark(wrong, notice)
	case notice != nil:
		set(notice, "tabindex", "-1")
		set(notice, "autofocus", "")
	}
}

// mark tells at an element what is wrong with it, in the words of the notice.
func mark(wrong, notice *html.Node) {
	set(wrong, "aria-invalid", "true")
	if notice == nil {
		return
	}
	id := "refused-e"
	set(wrong, "aria-describedby", strings.TrimSpace(id+" "+attribute(wrong, "aria-describedby")))
	told := &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P, Attr: []html.Attribute{{Key: "class", Val: "error"}, {Key: "id", Val: id}}}
	for n := range notice.ChildNodes() {
		told.AppendChild(copied(n, n.DataAtom == atom.P))
	}
	before := wrong
	for n := wrong; n.Parent != nil; n = n.Parent {
		if n.DataAtom == atom.Label {
			before = n
		}
	}
	before.Parent.InsertBefore(told, before)
}

// copied gives a node with all that is in it; a paragraph within a paragraph
// becomes a span.
func copied(n *html.Node, span bool) *html.Node {
	c := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace, Attr: slices.Clone(n.Attr)}
	if span {
		c.DataAtom, c.Data = atom.Span, "span"
	}
	for inner := range n.ChildNodes() {
		c.AppendChild(copied(inner, false))
	}
	return c
}

// formOf gives the form that was sent: of those that post to action the one with
// the most of the names.
func formOf(page *html.Node, action string, typed url.Values) (best *html.Node) {
	most := -1
	for n := range page.Descendants() {
		if n.DataAtom != atom.Form || !strings.EqualFold(attribute(n, "method"), http.MethodPost) {
			continue
		}
		if to, err := url.Parse(attribute(n, "action")); err != nil || to.Path != action {
			continue
		}
		found := map[string]bool{}
		for c := range n.Descendants() {
			name := attribute(c, "name")
			if isControl(c) || c.DataAtom == atom.Button && slices.Contains(typed[name], attribute(c, "value")) {
				found[name] = typed.Has(name)
			}
		}
		have := 0
		for _, was := range found {
			if was {
				have++
			}
		}
		if have > most {
			best, most = n, have
		}
	}
	return best
}

// stale reports whether a form is not what was sent any more: what is hidden in it, as
// the version that was read, is another now. Then what stands there now is shown, and
// nothing that was typed over what was read before.
func stale(form *html.Node, typed url.Values) bool {
	return first(form, func(n *html.Node) bool {
		name := attribute(n, "name")
		return n.DataAtom == atom.Input && attribute(n, "type") == "hidden" && typed.Has(name) && !slices.Contains(typed[name], attribute(n, "value"))
	}) != nil
}

// put writes what was typed into the elements of a form, those of one name in turn.
// Passwords are typed again.
func put(form *html.Node, typed url.Values) {
	turn := map[string]int{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		values := typed[name]
		if name == "" || slices.Contains(unkept, name) {
			continue
		}
		kind := attribute(n, "type")
		if n.DataAtom == atom.Input && (kind == "checkbox" || kind == "radio") {
			flag(n, "checked", slices.Contains(values, attribute(n, "value")) || attribute(n, "value") == "" && slices.Contains(values, "on"))
			continue
		}
		i := turn[name]
		if !isControl(n) || i >= len(values) {
			continue
		}
		turn[name]++
		switch {
		case n.DataAtom == atom.Textarea:
			for c := n.FirstChild; c != nil; c = n.FirstChild {
				n.RemoveChild(c)
			}
			n.AppendChild(&html.Node{Type: html.TextNode, Data: values[i]})
		case n.DataAtom == atom.Select:
			choose(n, values)
		case kind != "file" && kind != "password" && kind != "submit":
			set(n, "value", values[i])
		}
	}
}

// choose selects of a list what was chosen; a choice that is gone changes nothing.
func choose(list *html.Node, values []string) {
	var options []*html.Node
	known := false
	for n := range list.Descendants() {
		if n.DataAtom == atom.Option {
			options = append(options, n)
			known = known || slices.Contains(values, worth(n))
		}
	}
	for _, n := range options {
		if known {
			flag(n, "selected", slices.Contains(values, worth(n)))
		}
	}
}

// worth gives what an option of a list is sent as.
func worth(option *html.Node) string {
	for _, a := range option.Attr {
		if a.Key == "value" {
			return a.Val
		}
	}
	var text strings.Builder
	for n := range option.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func isControl(n *html.Node) bool {
	return n.DataAtom == atom.Input || n.DataAtom == atom.Textarea || n.DataAtom == atom.Select
}

func first(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func set(n *html.Node, key, value string) {
	drop(n, key)
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}

func drop(n *html.Node, key string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func flag(n *html.Node, key string, on bool) {
	if drop(n, key); on {
		set(n, key, "")
	}
}
