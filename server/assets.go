package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/static"
	"akkoord/templates"
)

// asset is one file of pages, in memory with the hash that names its content.
type asset struct {
	body  []byte
	kind  string
	etag  string
	since time.Time // always zero: the hash tells versions apart
}

// Assets change only with the program.
const (
	freshAsset = "public, max-age=3600"
	fixedAsset = "public, max-age=31536000, immutable"
)

// loadAssets reads package static.
func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	err := fs.WalkDir(static.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(static.FS, name)
		all[name] = newAsset(name, body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	return all, nil
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	return asset{body: body, kind: mimeType(name), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// mimeType does not ask the machine, so that every machine says the same.
func mimeType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt", ".md", "":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

// asset answers GET /static/….
func (s *Server) asset(c echo.Context) error {
	name := strings.TrimPrefix(c.Request().URL.Path, "/static/")
	a, ok := s.assets[name]
	if !ok {
		return s.style(c, name)
	}
	if name == "js/challenge.js" { // a form in a page of somebody's own loads it, too
		c.Response().Header().Set(echo.HeaderAccessControlAllowOrigin, "*")
	}
	cache := freshAsset
	if v := query(c, "v"); v != "" && strings.Contains(a.etag, v) {
		cache = fixedAsset
	}
	serve(c, a, cache)
	return nil
}

// style answers with the style sheet of a brand's colour, which its name tells: any
// node writes any of them. The one in force is remembered; of others, for previews
// and for a brand that this node has not heard of yet, 20 are written in ten seconds.
func (s *Server) style(c echo.Context, name string) error {
	if last := s.lastStyle.Load(); last != nil && last.name == name {
		serve(c, last.asset, fixedAsset)
		return nil
	}
	accent, ok := templates.AccentOf(name)
	if !ok {
		return echo.ErrNotFound
	}
	current := "/static/"+name == s.Brand().Style()
	if !current {
		if wait := s.styles.take(s.Now(), demand{limited{}, Rate{20, 10 * time.Second}}); wait > 0 {
			c.Response().Header().Set(echo.HeaderRetryAfter, retryAfter(wait))
			return errTooMany
		}
	}
	made := &style{name, newAsset(name, templates.BrandCSS(accent))}
	if current {
		s.lastStyle.Store(made)
	}
	serve(c, made.asset, fixedAsset)
	return nil
}

// style is the style sheet of a brand.
type style struct {
	name string
	asset
}

// media answers GET /media/{id}: a picture of a mailing.
func (s *Server) media(c echo.Context) error {
	id, err := akkoord.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	img, err := s.Catalog.Image(c.Request().Context(), id)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // mail programs on the web show it
	serve(c, asset{body: img.Data, kind: img.ContentType, etag: `"` + id.String() + `"`}, fixedAsset)
	return nil
}

func serve(c echo.Context, a asset, cache string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, a.kind)
	h.Set("Etag", a.etag)
	h.Set(echo.HeaderCacheControl, cache)
	delete(h, "X-Robots-Tag")
	http.ServeContent(c.Response(), c.Request(), "", a.since, bytes.NewReader(a.body))
}
