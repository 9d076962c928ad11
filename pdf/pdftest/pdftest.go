// Package pdftest reads what package pdf writes, for tests.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
)

var (
	stream  = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	escaped = regexp.MustCompile(`(?s)\\(.)`)
)

// Text gives what the pages of a document show, a line for each piece that was
// drawn.
func Text(file []byte) string {
	var out strings.Builder
	for _, m := range stream.FindAllSubmatch(file, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // not compressed
		}
		page, err := io.ReadAll(r)
		if err != nil {
			continue
		}
		for _, piece := range bytes.Split(page, []byte(")Tj ET")) {
			if _, raw, ok := bytes.Cut(piece, []byte("Td (")); ok {
				out.WriteString(decoded(raw) + "\n")
			}
		}
	}
	return out.String()
}

// decoded reads a string of a page: UTF-16, with backslashes before brackets.
func decoded(raw []byte) string {
	raw = escaped.ReplaceAllFunc(raw, func(m []byte) []byte {
		if m[1] == 'r' {
			return []byte{'\r'}
		}
		return m[1:]
	})
	var units []uint16
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}
