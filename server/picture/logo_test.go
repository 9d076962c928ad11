package picture

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"akkoord"
)

type shelf struct{ all []akkoord.Image }

func (s *shelf) PutImage(_ context.Context, _ akkoord.Actor, img akkoord.Image) (akkoord.Image, error) {
	img.PublicID = akkoord.ID{byte(len(s.all) + 1)}
	s.all = append(s.all, img)
	return img, nil
}

func (s *shelf) Image(_ context.Context, id akkoord.ID) (akkoord.Image, error) {
	return s.all[id[0]-1], nil
}

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			img.Set(x, y, color.NRGBA{uint8(x), uint8(y), 90, uint8(x * 3)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withText puts a text chunk before the end of a PNG, as cameras and editors do.
func withText(data []byte) []byte {
	chunk := append([]byte{0, 0, 0, 9}, "tEXtAuthor\x00Eva"...)
	chunk[3] = byte(len(chunk) - 8)
	chunk = append(chunk, 0, 0, 0, 0) // image/png does not look at what it skips… but for the sum
	return slices.Concat(data[:len(data)-12], chunk, data[len(data)-12:])
}

// A logo is drawn anew: bounded, of one kind, and with nothing in it that is not seen.
func TestALogoIsDrawnAnew(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 1120, 200)), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data          []byte
		width, height int
	}{
		"small stays":     {picture(t, 30, 20), 30, 20},
		"wide is smaller": {photo.Bytes(), 560, 100},
		"high is smaller": {picture(t, 10, 1440), 1, 144},
	} {
		s := &shelf{}
		logo, err := KeepLogo(t.Context(), s, akkoord.ActorSystem, c.data)
		if err != nil || logo.Width != c.width || logo.Height != c.height {
			t.Errorf("%s: %+v %v", name, logo, err)
			continue
		}
		again, err := LogoOf(t.Context(), s, akkoord.ActorSystem, logo.Image)
		if err != nil || again != logo || len(s.all) != 1 {
			t.Errorf("%s: a logo made one gives %+v, %d pictures, %v", name, again, len(s.all), err)
		}
	}
}

func TestAPictureOfMailingsBecomesALogo(t *testing.T) {
	s := &shelf{}
	for _, data := range [][]byte{picture(t, 900, 30), withText(picture(t, 30, 30))} {
		img, _ := s.PutImage(t.Context(), akkoord.ActorSystem, akkoord.Image{ContentType: "image/png", Data: data})
		if _, ok := Kept(img); ok {
			t.Error("it passes for a logo as it is")
		}
	}
	logo, err := LogoOf(t.Context(), s, akkoord.ActorSystem, s.all[0].PublicID)
	if err != nil || logo.Image == s.all[0].PublicID || logo.Width != 560 || logo.Height != 19 {
		t.Errorf("%+v %v", logo, err)
	}
}

func TestALogoIsAPicture(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"nothing":  {nil, "image_invalid"},
		"an SVG":   {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>`), "image_invalid"},
		"half":     {picture(t, 30, 30)[:60], "image_invalid"},
		"too many": {picture(t, 4001, 1000), "logo_large"},
		"a WebP":   {[]byte("RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"), "image_invalid"},
	} {
		if _, err := KeepLogo(t.Context(), &shelf{}, akkoord.ActorSystem, c.data); akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
