package akkoord

import (
	"encoding/json"
	"slices"
)

// FormAttribute is a question of a form about one attribute. Type and purpose
// are those of the attribute, kept with the form's version, so that it shows for
// good what was asked (M4).
type FormAttribute struct {
	Slug       string        `json:"slug"`
	Type       AttributeType `json:"type"`
	Purpose    string        `json:"purpose"`    // slug
	Required   bool          `json:"required"`   // of those who tick the purpose's box
	Changeable bool          `json:"changeable"` // by the person, on the preferences page
}

// maxFormAttributes is how many a form asks for at most.
const maxFormAttributes = 12

func checkAsks(asks []FormAttribute) error {
	if len(asks) > maxFormAttributes {
		return Fieldf("attributes", "too_many_items", "A form asks for at most %d attributes.", maxFormAttributes)
	}
	slugs := make([]string, len(asks))
	for i, a := range asks {
		slugs[i] = a.Slug
	}
	return checkSlugs("attributes", slugs)
}

// completed gives a question with type and purpose of its attribute. What is
// asked for a purpose that the form does not ask about would be known for
// nothing that the person said yes to (Art. 5(1)(b) GDPR). Errors are Invalid.
func (a FormAttribute) completed(of Attribute, purpose Purpose, form FormVersion) (FormAttribute, error) {
	if !slices.Contains(form.Purposes, purpose.Slug) {
		return a, Fieldf("attributes", "purpose_limitation", "What is known for one purpose serves no other: %s belongs to %s, which this form does not ask about.", a.Slug, purpose.Slug)
	}
	a.Type, a.Purpose = of.Type, purpose.Slug
	return a, nil
}

// Field is the name of the question's field in the form.
func (a FormAttribute) Field() string { return "attribute." + a.Slug }

// Read reads what was filled in, and gives it as it is stored; "" where an
// optional field was left open. Errors are Invalid and name the field.
func (a FormAttribute) Read(v string) (string, error) {
	if v == "" {
		if a.Required {
			return "", Fieldf(a.Field(), "attribute_required", "Fill in %s.", a.Slug)
		}
		return "", nil
	}
	out, err := Attribute{Slug: a.Slug, Type: a.Type}.Parse(v)
	if err != nil {
		return "", Fieldf(a.Field(), "attribute_"+string(a.Type), "The value of %s is not of the type %s.", a.Slug, a.Type)
	}
	return out, nil
}

// FormValue is what was filled in for an attribute of a purpose.
type FormValue struct {
	Slug, Value, Purpose string
}

// FilledIn is what a form was filled in with for one purpose, as evidence: a
// JSON object of values by slug, as it is written.
type FilledIn string

// NewFilledIn gives what was filled in, by slug of the purpose that it is for.
func NewFilledIn(values []FormValue) (map[string]FilledIn, error) {
	of := map[string]map[string]string{}
	for _, v := range values {
		if of[v.Purpose] == nil {
			of[v.Purpose] = map[string]string{}
		}
		of[v.Purpose][v.Slug] = v.Value
	}
	out := map[string]FilledIn{}
	for purpose, values := range of {
		data, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		out[purpose] = FilledIn(data)
	}
	return out, nil
}

// Values gives the values by slug.
func (f FilledIn) Values() map[string]string {
	out := map[string]string{}
	if f == "" || json.Unmarshal([]byte(f), &out) != nil { // written by NewFilledIn
		return map[string]string{}
	}
	return out
}

// MarshalJSON gives the object.
func (f FilledIn) MarshalJSON() ([]byte, error) { return []byte(f), nil }

// UnmarshalJSON keeps the object as it is written.
func (f *FilledIn) UnmarshalJSON(b []byte) error {
	*f = FilledIn(b)
	return nil
}
