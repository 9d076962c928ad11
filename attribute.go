package akkoord

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// AttributeType is what the values of an attribute are.
type AttributeType string

// The types of attributes.
const (
	AttributeText   AttributeType = "text"
	AttributeNumber AttributeType = "number"
	AttributeDate   AttributeType = "date" // a day, like 2026-11-24
	AttributeFlag   AttributeType = "flag" // true or false
)

// Attribute is one thing that an installation knows of people beyond name,
// language and interests, like the day of their last purchase. It belongs to
// one purpose and serves no other (Art. 5(1)(b) GDPR). A public form sets it only
// once the person confirmed (see FormAttribute).
type Attribute struct {
	ID        int64
	PublicID  ID
	Slug      string
	Type      AttributeType
	PurposeID int64
	CreatedAt time.Time
}

// Check reports the first thing wrong with an attribute about to be stored.
func (a Attribute) Check() error {
	if err := CheckSlug("slug", a.Slug); err != nil {
		return err
	}
	switch a.Type {
	case AttributeText, AttributeNumber, AttributeDate, AttributeFlag:
		return nil
	}
	return Fieldf("type", "attribute_type_unknown", "The type of an attribute is text, number, date or flag.")
}

// maxAttribute is how many characters a value has at most.
const maxAttribute = 200

// Parse reads a value and gives it as it is stored: the same value is always
// written the same, and days sort in order. Errors are Invalid and name the
// field "attributes".
func (a Attribute) Parse(v string) (string, error) {
	v = strings.TrimSpace(v)
	bad := func(like string) error {
		return Fieldf("attributes", "attribute_value", "The value of %s is %s.", a.Slug, like)
	}
	switch a.Type {
	case AttributeNumber:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return "", bad("a number, like 12 or 3.5")
		}
		return strconv.FormatFloat(f, 'f', -1, 64), nil
	case AttributeDate:
		day, err := time.Parse(time.DateOnly, v)
		if err != nil || day.Year() < 1 {
			return "", bad("a day, like 2026-11-24")
		}
		return v, nil
	case AttributeFlag:
		switch strings.ToLower(v) {
		case "true", "yes", "ja", "1":
			return "true", nil
		case "false", "no", "nee", "0":
			return "false", nil
		}
		return "", bad("true or false")
	}
	if err := CheckLine("attributes", v, 4*maxAttribute); err != nil || v == "" || utf8.RuneCountInString(v) > maxAttribute {
		return "", bad("a line of 1 to " + strconv.Itoa(maxAttribute) + " characters")
	}
	return v, nil
}

// AttributeValue is a value that is to be set, by the slug of its attribute.
type AttributeValue struct{ Slug, Value string }
