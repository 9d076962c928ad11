// Package templates draws every page a person sees: the public ones, in the
// customer's brand, and the admin site. Each page has a typed struct; the
// server fills it and calls Set.Render. All words stand in locales/*.toml;
// only texts that an administrator wrote (names and wording of purposes, forms,
// the controller) arrive in the structs, already in the reader's language.
package templates

import "embed"

// LocalesFS holds locales/*.toml: for each of akkoord.Locales one file for the
// pages (nl.toml) and one for mails (mail.nl.toml).
//
//go:embed locales/*.toml
var LocalesFS embed.FS

//go:embed page/*.html admin/*.html embed/*.html parts/*.html
var pagesFS embed.FS
