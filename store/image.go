package store

import (
	"context"
	"math"
	"slices"

	"akkoord"
)

// imageTypes are the kinds of pictures that mail programs show. SVG is not
// among them: it can hold script.
var imageTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// PutImage stores a picture for mailings and gives it an id.
func (s *Store) PutImage(ctx context.Context, actor akkoord.Actor, img akkoord.Image) (akkoord.Image, error) {
	if !slices.Contains(imageTypes, img.ContentType) || len(img.Data) == 0 {
		return akkoord.Image{}, akkoord.Fieldf("image", "image_type", "A picture is a PNG, JPEG, GIF or WebP file.")
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Image{}, err
	}
	img.PublicID = id
	err = s.update(ctx, "put image", func(t *tx) error {
		var number int64
		if err := t.queryRow(`INSERT INTO image (public_id, content_type, data, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			id[:], img.ContentType, img.Data, micros(t.now)).Scan(&number); err != nil {
			return err
		}
		return t.audit(actor, "image.create", object("image", number), "")
	})
	return img, err
}

// Image gives a picture, or NotFound.
func (s *Store) Image(ctx context.Context, id akkoord.ID) (akkoord.Image, error) {
	img := akkoord.Image{PublicID: id}
	err := s.view(ctx).queryRow(`SELECT content_type, data FROM image WHERE public_id = $1`, id[:]).Scan(&img.ContentType, &img.Data)
	return img, missing(err, "picture")
}

// Images lists pictures without what is in them, the newest first. Page.After is the
// number of the last one that was seen.
func (s *Store) Images(ctx context.Context, p akkoord.Page) ([]akkoord.Image, int64, error) {
	type numbered struct {
		akkoord.Image
		id int64
	}
	before := p.After
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := s.view(ctx).query(`SELECT id, public_id, content_type, created_at FROM image WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, p.Size()+1)
	all, err := list(rows, err, func(r row) (numbered, error) {
		var n numbered
		var id []byte
		var at int64
		err := r.Scan(&n.id, &id, &n.ContentType, &at)
		n.PublicID, n.At = id16(id), fromMicros(at)
		return n, err
	})
	all, next := cut(all, p, func(n numbered) int64 { return n.id })
	out := make([]akkoord.Image, len(all))
	for i, n := range all {
		out[i] = n.Image
	}
	return out, next, err
}
