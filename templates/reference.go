package templates

// ReferencePage is GET /api/v1/docs: the OpenAPI document to read. What it says
// is in English, like the document.
type ReferencePage struct {
	Site
	Document  string // path of the OpenAPI document
	Base      string // URL that all paths stand under
	Resources []ReferenceResource
	Schemas   []ReferenceSchema
}

// ReferenceResource is what the first part of a path names, with its operations.
type ReferenceResource struct {
	Name, ID   string
	Operations []ReferenceOperation
}

// ReferenceOperation is one operation; ID is its anchor.
type ReferenceOperation struct {
	ID, Method, Path, Summary, Right string
	Roles                            []string // of keys that may use it
	Parameters                       []ReferenceField
	Bodies                           []ReferenceBody
	Answers                          []ReferenceAnswer
	Curl                             string
}

// ReferenceAnswer is what an operation answers with a status.
type ReferenceAnswer struct {
	Code   string
	Bodies []ReferenceBody
}

// ReferenceBody is a body of a media type.
type ReferenceBody struct {
	Type    string
	Schema  ReferenceType
	Example string
}

// ReferenceSchema is a named object.
type ReferenceSchema struct {
	Name, ID string
	Fields   []ReferenceField
}

// ReferenceField is a field of an object, or a parameter in a path, query or
// header.
type ReferenceField struct {
	Name, In, About, Default string
	Type                     ReferenceType
	Required                 bool
	Values                   []string // it may have
}

// ReferenceType is the type of a value: a named object, or a plain one, or many
// of either.
type ReferenceType struct {
	Name, Schema, ID string
	List, Map        bool
}

// Statuses are those of answers that say what is wrong, reference.status_<n> in
// the locale files.
func (ReferencePage) Statuses() []int {
	return []int{400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503}
}

func (ReferencePage) file() string { return "page/reference.html" }
