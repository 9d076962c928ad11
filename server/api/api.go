// Package api is the JSON API under /api/v1: programs with a key manage
// purposes, forms, campaigns and mailings, and read and change people's data.
// GET /api/v1/openapi.json describes every operation; operations.go lists them
// with the right that each needs.
package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/deliver"
	"akkoord/server/figures"
	"akkoord/server/sight"
	"akkoord/templates"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Prefix is where the handler expects to be mounted; it sees whole paths.
const Prefix = "/api/v1"

// Config says what the API works on.
type Config struct {
	Store    Store
	Mail     Mail
	Sender   func() akkoord.Sender // the sender facts in force (M28, contract: AKKOORD_FROM and others)
	BaseURL  string                // AKKOORD_URL, without a slash at the end
	Settings akkoord.Organisation  // what the settings say of the organisation, which wins over what is stored
	Now      func() time.Time
	Log      *slog.Logger

	// ReadLeave reads what came in at the address for leaving; nil: there is none.
	ReadLeave func(message []byte, rcpt string) akkoord.IncomingMail

	Setup akkoord.Setup  // what the settings say about guarding and keeping data (M29)
	Pages *templates.Set // words of the records of processing

	// ReadReport reads what came in at a return path; nil: there is none.
	ReadReport func(message []byte, rcpt string) akkoord.Report

	Dossier func(locale string) akkoord.BundlePages // what people read in evidence; nil: nothing

	KeyFingerprint string // of the key that signs heads and evidence (M30)

	SigningKeys SigningKeys // that sign links
	Delivering  deliver.Desk
	ReplayKey   []byte                      // of digests of requests that may come again
	RelayStates func() []akkoord.RelayState // how relays are doing; nil: nobody knows
	Figures     *figures.Reader             // shared with the admin site: what is costly is counted once
	Login       Login
}

// API answers requests under Prefix.
type API struct {
	cfg    Config
	mux    *http.ServeMux
	huma   huma.API
	rights map[string]akkoord.Right // by "METHOD /path"
	spec   []byte
	docs   *reference
	replay *replay

	sight *sight.Guard // what the caller may see of people; cfg.Store asks it too

	incoming incomingCounts
	reports  reportCounts
}

// guarded is the store as the caller of an operation may see it (M26): what is
// about people comes through the guard, since its methods are nearer.
type guarded struct {
	plain
	*sight.Guard
}

type plain struct{ Store }

// New makes the handler. It fails when an operation declares no right (P28).
func New(cfg Config) (*API, error) {
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	guard := sight.New(cfg.Store)
	cfg.Store = guarded{plain{cfg.Store}, guard}
	a := &API{cfg: cfg, sight: guard, mux: http.NewServeMux(), rights: map[string]akkoord.Right{}, replay: newReplay(cfg.Store, cfg.ReplayKey)}
	config := huma.DefaultConfig("Akkoord", "1")
	config.Info.Description = "Consent-first mailings. Errors are RFC 9457 problem documents with a stable code. " +
		"Lists are paged by cursor; POSTs honour Idempotency-Key; times are RFC 3339 in UTC."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Transformers = []huma.Transformer{asProblem}
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", Description: "An API key, as printed by akkoord key add."}}
	config.Security = []map[string][]string{{"key": {}}}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, config)
	if err := a.operations(); err != nil {
		return nil, err
	}
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own, which asProblem replaces
	delete(schemas, "ErrorDetail")
	var err error
	if a.spec, err = json.Marshal(a.huma.OpenAPI()); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	a.docs = &reference{spec: a.spec, baseURL: cfg.BaseURL, rights: a.rights, pages: cfg.Pages}
	return a, nil
}

// Rights gives the right that each operation needs, by "METHOD /path".
func (a *API) Rights() map[string]akkoord.Right { return a.rights }

// ServeHTTP lets a request through its gates in order: key, body, replay of an
// earlier answer, operation.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == Prefix+"/openapi.json" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.spec) // the visitor may have gone
		return
	}
	if r.URL.Path == Prefix+"/docs" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		if err := a.docs.write(w, r); err != nil {
			a.fail(w, r, err)
		}
		return
	}
	if err := a.serve(w, r); err != nil {
		a.fail(w, r, err)
	}
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) error {
	r, err := authenticate(a.cfg.Store, a.cfg.Now(), r)
	if err != nil {
		return err
	}
	if err := a.route(w, r); err != nil {
		return err
	}
	if isImport(r) {
		return a.serveImport(w, r)
	}
	if handsMessage(r) {
		return a.serveMessage(w, r)
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	return a.replay.serve(w, r, body, a.mux)
}

// fail writes the problem document of an error.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusServiceUnavailable {
		a.cfg.Log.ErrorContext(r.Context(), "api request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	p.write(w)
}

// route reports requests that no operation takes.
func (a *API) route(w http.ResponseWriter, r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return &problem{Status: http.StatusBadRequest, Code: "query_invalid", Detail: "The query of the address is not well-formed."}
	}
	h, pattern := a.mux.Handler(r)
	if pattern != "" && path.Clean(r.URL.Path) == r.URL.Path {
		return nil
	}
	var probe probe
	h.ServeHTTP(&probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		return akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing at this address; GET %s/openapi.json lists what there is.", Prefix)
	}
	w.Header().Set("Allow", probe.Header().Get("Allow"))
	return &problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "This address answers " + probe.Header().Get("Allow") + "."}
}

// probe learns what a handler would answer without answering it.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// errNoRight is what New says of an operation without a right.
var errNoRight = errors.New("the operation declares no right")
