package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// The people of counted campaigns have a purpose of their own, so that the other
// rows stay what they were.
const (
	countedPurpose  = "ski-offers"
	countedForm     = "bench-clicks"
	countedCampaign = "ski-2027"
)

// mostCounted is how many people at most have their clicks counted.
const mostCounted = 20_000

// tested is a mailing of which all people are in a test of two subjects.
var tested = map[string]any{
	"variants": []map[string]any{{"name": "a"}, {"name": "b", "subject": "Sneeuw voor {{name | default: \"reizigers\"}}"}},
	"ab":       map[string]any{"share": 100},
}

// countedCampaigns measures mailings of which each link is a person's own: all of them
// let their clicks be counted. Two subjects are tested, and the return path names the
// person, first with signatures and then without. The mails without are those that bounce.
func (b *bench) countedCampaigns(ctx context.Context) error {
	people, err := b.letClicksCount(ctx, min(mostCounted, b.opt.people/2))
	if err != nil {
		return err
	}
	const returnPath = "AKKOORD_RETURN_PATH=bounces@zonvaart.example"
	if err := b.restart(ctx, returnPath, b.dkimSetting()); err != nil {
		return err
	}
	if err := b.signedCampaign(ctx, b.rows.countedSigned, countedCampaign, people, tested); err != nil {
		return err
	}
	if err := b.restart(ctx, returnPath); err != nil {
		return err
	}
	m, _, err := b.startMailing(ctx, returnPaths, countedCampaign, people, tested)
	if err != nil {
		return err
	}
	mails, err := b.awaitMessages(ctx, people, nil)
	if err != nil {
		return err
	}
	if m, err = b.product.awaitSent(ctx, m.ID, people); err != nil {
		return err
	}
	settled := time.Now()
	if mails.Recipients != people || mails.Twice > 0 {
		return fmt.Errorf("of %d people %d had the mail, %d a second time", people, mails.Recipients, mails.Twice)
	}
	if b.bouncing, err = b.takeTokens(b.returnFile()); err != nil {
		return err
	}
	b.bounced = m.ID
	floor, err := b.wireRate(ctx, mails.bytesEach())
	if err != nil {
		return err
	}
	b.rows.counted.add(float64(people)/settled.Sub(time.UnixMicro(mails.First)).Seconds(), floor)
	b.report.detail("counted campaign", "size of a mail", "bytes", float64(mails.bytesEach()))
	return nil
}

// letClicksCount signs up people who tick the box about clicks, and has them confirm.
func (b *bench) letClicksCount(ctx context.Context, people int) (int, error) {
	if err := b.product.call(ctx, "POST", "/purposes", map[string]any{
		"slug": countedPurpose, "name": localised{"nl": "Ski-aanbiedingen"}, "explanation": localised{"nl": "Aanbiedingen voor de wintersport."},
		"wording": localised{"nl": "Ja, Zonvaart Reizen mag mij aanbiedingen voor de wintersport sturen."}, "basis": "consent", "inactive_after_days": 365}, nil); err != nil {
		return 0, err
	}
	if err := b.product.call(ctx, "POST", "/forms", map[string]any{"slug": countedForm, "purposes": []string{countedPurpose}, "interests": []string{}, "challenge": "none",
		"tracking": true, "texts": map[string]any{"nl": map[string]any{"tracking": "Zonvaart Reizen mag tellen op welke links ik klik."}}}, nil); err != nil {
		return 0, err
	}
	if err := b.product.call(ctx, "POST", "/campaigns", map[string]any{"slug": countedCampaign, "name": "Ski 2027", "purpose": countedPurpose}, nil); err != nil {
		return 0, err
	}
	if err := b.resetSink(confirmTokens); err != nil {
		return 0, err
	}
	order := loadOrder{Path: "/f/" + countedForm, Purpose: countedPurpose, Clicks: true, Limit: people, For: 2 * time.Minute}
	result, err := b.signupAt(ctx, "sign-up with clicks", order)
	if err != nil {
		return 0, err
	}
	file, err := b.confirmLinks(ctx, result.Answers)
	if err != nil {
		return 0, err
	}
	_, err = b.load(ctx, "confirm with clicks", b.product.pid(), loadOrder{Addr: b.product.addr, Kind: "confirm", Tokens: file, Limit: result.Answers, For: 2 * time.Minute})
	return result.Answers, err
}

func (b *bench) returnFile() string { return filepath.Join(b.dir, "return.paths") }

// bounces measures reports that the mailboxes of a mailing are not there, each posted
// to the API by its return path and acted on before the answer.
func (b *bench) bounces(ctx context.Context) error {
	order := loadOrder{Addr: b.product.addr, Kind: "report", Tokens: b.returnFile(), Key: b.product.key, Limit: b.bouncing, For: 2 * time.Minute}
	result, err := b.load(ctx, "bounces", b.product.pid(), order)
	if err != nil {
		return err
	}
	m, err := b.product.mailing(ctx, b.bounced)
	if err != nil {
		return err
	}
	if m.Bounced != result.Answers || result.Answers != b.bouncing {
		return fmt.Errorf("of %d reports %d were taken, and %d people are put down as bounced", b.bouncing, result.Answers, m.Bounced)
	}
	b.rows.reports.add(result.rate(), 0)
	return nil
}
