package trail

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"strconv"

	"akkoord"
)

// Lines reads the audit trail.
type Lines interface {
	SearchAudit(ctx context.Context, f akkoord.AuditFilter, p akkoord.Page) (entries []akkoord.AuditEntry, next int64, err error)
	// PublicNames gives names by public id for those like "user:3".
	PublicNames(ctx context.Context, names []string) (map[string]string, error)
}

// Page gives a page of the trail, with actors and objects named as those
// outside know them.
func Page(ctx context.Context, s Lines, f akkoord.AuditFilter, p akkoord.Page) ([]akkoord.AuditEntry, int64, error) {
	lines, next, err := s.SearchAudit(ctx, f, p)
	if err != nil {
		return nil, 0, err
	}
	var numbered []string
	for _, e := range lines {
		numbered = append(numbered, string(e.Actor), e.Object)
	}
	names, err := s.PublicNames(ctx, numbered)
	for i, e := range lines {
		lines[i].Actor, lines[i].Object = akkoord.Actor(cmp.Or(names[string(e.Actor)], string(e.Actor))), cmp.Or(names[e.Object], e.Object)
	}
	return lines, next, err
}

// WriteCSV writes all lines that a filter lets through, one page in memory at
// a time, and gives their number.
func WriteCSV(ctx context.Context, w io.Writer, s Lines, f akkoord.AuditFilter) (n int, err error) {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"seq", "at", "actor", "action", "object", "note"}) // Error tells
	for p := (akkoord.Page{}); ; {
		lines, next, err := Page(ctx, s, f, p)
		if err != nil {
			return n, err
		}
		for _, e := range lines {
			_ = out.Write([]string{strconv.FormatInt(e.Seq, 10), akkoord.Moment{Time: e.At}.String(), string(e.Actor), e.Action, e.Object, akkoord.PlainCell(e.Note)})
		}
		out.Flush()
		if n += len(lines); out.Error() != nil || next == 0 {
			return n, out.Error()
		}
		p.After = next
	}
}
