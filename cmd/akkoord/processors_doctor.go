package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"akkoord"
	"akkoord/store"
)

// checkParties tells of the agreements with parties that data goes to (M28):
// fail where no mail may go to the one that runs the relay, warn 60 days before one
// ends.
func checkParties(ctx context.Context, s *site, st *store.Store) finding {
	why, err := st.ProcessorObstacles(ctx, s.SMTPProcessor)
	if err == nil && s.relay != nil && len(why) > 0 {
		return fail("parties", "no mail goes out: %s", why[0].Message)
	}
	parties, err := allParties(ctx, st)
	if err != nil {
		return warn("parties", "they can't be read (%v); akkoord migrate brings the database up to date", err)
	}
	var findings []string
	now := time.Now()
	for _, p := range parties {
		switch why := p.Obstacles(now); {
		case !p.EndedAt.IsZero():
		case len(why) > 0:
			findings = append(findings, why[0].Message)
		case p.Expiring(now):
			findings = append(findings, fmt.Sprintf("The agreement with %s ends on %s; renew it.", p.Name, p.Agreement.ValidUntil.Format(time.DateOnly)))
		}
	}
	if len(findings) > 0 {
		return warn("parties", "%s", strings.Join(findings, " "))
	}
	return ok("parties", "%d on record, each with an agreement in force or ended", len(parties))
}

func allParties(ctx context.Context, st *store.Store) ([]akkoord.Processor, error) {
	var all []akkoord.Processor
	for p := (akkoord.Page{}); ; {
		parties, next, err := st.Processors(ctx, p)
		all = append(all, parties...)
		if err != nil || next == 0 {
			return all, err
		}
		p.After = next
	}
}
