package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"akkoord"
	"akkoord/server/picture"
	"akkoord/templates"
)

// Pictures keeps what is shown in mailings.
type Pictures interface {
	picture.Shelf
	Images(ctx context.Context, p akkoord.Page) (images []akkoord.Image, next int64, err error)
}

// picturesShown is how many of the latest pictures are there to choose from.
const picturesShown = 24

const mediaPath = "/media/"

// illustrate adds to a form the pictures that its blocks show, those that can be chosen
// where one is to be, and what is wrong with each block.
func (s *Site) illustrate(ctx context.Context, page *templates.EditPage) error {
	var choices []templates.PictureChoice
	picking := false
	rows(&page.Form, func(l *templates.BlockList, i int) bool {
		row := &l.Rows[i]
		if id, ours := strings.CutPrefix(row.Image, s.cfg.BaseURL+mediaPath); ours {
			if _, err := akkoord.ParseID(id); err == nil {
				row.Picture = mediaPath + id
			}
		}
		row.Errors, row.Interests, picking = page.Errors, page.Interests, picking || row.Picking
		return false
	})
	if !picking {
		return nil
	}
	images, _, err := s.cfg.Store.Images(ctx, akkoord.Page{Limit: picturesShown})
	if err != nil {
		return err
	}
	for _, img := range images {
		choices = append(choices, templates.PictureChoice{ID: img.PublicID.String(), Path: mediaPath + img.PublicID.String(), At: img.At})
	}
	rows(&page.Form, func(l *templates.BlockList, i int) bool {
		if l.Rows[i].Picking {
			l.Rows[i].Pictures = choices
		}
		return false
	})
	return nil
}

// choosePicture gives a block one of the uploaded pictures.
func (s *Site) choosePicture(typed *templates.MailingForm, block, id string) error {
	if _, err := akkoord.ParseID(id); err != nil {
		return errNoAct
	}
	n, _ := numberOf(block)
	rows(typed, func(l *templates.BlockList, i int) bool {
		row := &l.Rows[i]
		if row.Number != n {
			return false
		}
		row.Image, row.Focus = s.cfg.BaseURL+mediaPath+id, "alt"
		return true
	})
	return nil
}

// upload keeps a picture that was chosen on one's own machine, and gives it to its block.
// Errors are about the field b3-file of block 3.
func (s *Site) upload(r *http.Request, v visit, typed *templates.MailingForm, block string) error {
	arrange(typed, "pick:"+block)
	field := "b" + block + "-file"
	missing := akkoord.Fieldf(field, "file_missing", "Choose a picture first.")
	data, err := fileOf(r, field)
	if err != nil {
		return err
	}
	if data == nil {
		return missing
	}
	img, err := picture.Keep(r.Context(), s.cfg.Store, v.user.Actor(), data)
	if err != nil {
		return moved(err, field)
	}
	arrange(typed, "unpick:"+block)
	return s.choosePicture(typed, block, img.PublicID.String())
}

// fileOf reads the file of a field; nil where none was chosen. Errors are about the
// field.
func fileOf(r *http.Request, field string) ([]byte, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	f, _, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, akkoord.Limits.APIBody+1))
	if err != nil || len(data) == 0 {
		return nil, err
	}
	if int64(len(data)) > akkoord.Limits.APIBody {
		return nil, akkoord.Fieldf(field, "image_large", "A picture has at most %d MB; mails with larger ones are slow to open.", akkoord.Limits.APIBody>>20)
	}
	return data, nil
}
