package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// campaigns starts the server afresh, as a machine does after its nightly
// restart, and measures mailings to everyone.
func (b *bench) campaigns(ctx context.Context) error {
	if err := b.restart(ctx); err != nil {
		return err
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	idle, err := memoryOf(b.product.pid())
	if err != nil {
		return err
	}
	b.rows.idleMem.add(idle.now, 0)
	for range b.opt.rounds {
		if err := b.campaign(ctx); err != nil {
			return err
		}
	}
	return nil
}

// restart starts the server on the database as it is now, with everyone in it.
func (b *bench) restart(ctx context.Context, settings ...string) error {
	if err := b.product.stop(); err != nil {
		return err
	}
	took, err := b.product.serve(ctx, formPath, append(settings, b.smtpSetting())...)
	if err != nil {
		return err
	}
	b.rows.coldStart.add(float64(took.Microseconds())/1000, 0)
	return nil
}

// campaign is one round: a mailing to everyone, and its floor with messages of
// the same size to the same sink.
func (b *bench) campaign(ctx context.Context) error {
	before, err := cpuOf(b.product.pid())
	if err != nil {
		return err
	}
	m, start, err := b.startMailing(ctx, leaveTokens, campaignSlug, b.people, nil)
	if err != nil {
		return err
	}
	var tenth, last memory
	var unread error
	mails, err := b.awaitMessages(ctx, m.Total, func(t tally) {
		if last, unread = memoryOf(b.product.pid()); t.Messages < m.Total/10 || tenth.now == 0 {
			tenth = last
		}
	})
	if err != nil {
		return err
	}
	if m, err = b.product.awaitState(ctx, m.ID, "sent", time.Minute); err != nil {
		return err
	}
	settled := time.Now()
	after, err := cpuOf(b.product.pid())
	if err != nil {
		return err
	}
	if unread != nil {
		return unread
	}
	if mails.Recipients != m.Total || mails.Twice > 0 || m.Sent != m.Total || mails.bytesEach() < 20_000 {
		return fmt.Errorf("of %d people %d had the mail (%d a second time), %d are settled as sent, at %d bytes each",
			m.Total, mails.Recipients, mails.Twice, m.Sent, mails.bytesEach())
	}
	if b.leavers, err = b.takeTokens(b.leaveFile()); err != nil {
		return err
	}
	floor, err := b.wireRate(ctx, mails.bytesEach())
	if err != nil {
		return err
	}
	first := time.UnixMicro(mails.First)
	b.rows.campaign.add(float64(m.Total)/settled.Sub(first).Seconds(), floor)
	b.rows.wire.add(mails.rate(), floor)
	b.rows.peak.add(last.peak, 0)
	b.rows.growth.add(last.now-tenth.now, 0)
	b.report.detail("campaign", "memory at 10 %", "MiB", tenth.now)
	b.report.detail("campaign", "memory at 100 %", "MiB", last.now)
	b.report.detail("campaign", "size of a mail", "bytes", float64(mails.bytesEach()))
	b.report.detail("campaign", "from the order to the first mail", "ms", float64(first.Sub(start).Microseconds())/1000)
	b.report.detail("campaign", "from the last mail to settled", "ms", float64(settled.Sub(time.UnixMicro(mails.Last)).Microseconds())/1000)
	b.report.detail("campaign", "processor time of the server, each", "µs", (after-before)/float64(m.Total)*1e6)
	return nil
}

// twoNodes is a mailing to everybody by two nodes that share it, against the rate of one.
func (b *bench) twoNodes(ctx context.Context) (err error) {
	if err := b.restart(ctx); err != nil {
		return err
	}
	node, err := b.product.another()
	if err != nil {
		return err
	}
	if _, err := node.serve(ctx, formPath, b.smtpSetting(), "AKKOORD_URL=http://"+b.product.addr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.stop()) }()
	for range b.opt.rounds {
		m, _, err := b.startMailing(ctx, leaveTokens, campaignSlug, b.people, nil)
		if err != nil {
			return err
		}
		mails, err := b.awaitMessages(ctx, m.Total, nil)
		if err != nil {
			return err
		}
		if m, err = b.product.awaitState(ctx, m.ID, "sent", time.Minute); err != nil {
			return err
		}
		settled := time.Now()
		if mails.Recipients != m.Total || mails.Twice > 0 || m.Sent != m.Total {
			return fmt.Errorf("of %d people %d had the mail (%d a second time), %d are settled as sent", m.Total, mails.Recipients, mails.Twice, m.Sent)
		}
		b.report.row("campaign by two nodes, against one", "/s", target{ratio: 1}).add(float64(m.Total)/settled.Sub(time.UnixMicro(mails.First)).Seconds(), median(b.rows.campaign.product))
	}
	return nil
}

// startMailing makes a mailing of a campaign with so many people and has it sent, while the
// sink collects what it is told to. It gives the mailing with its audience frozen, and when the order was given.
func (b *bench) startMailing(ctx context.Context, collect, campaign string, people int, with map[string]any) (mailing, time.Time, error) {
	made, err := b.product.newMailing(ctx, campaign, with)
	if err != nil {
		return made, time.Time{}, err
	}
	if err := b.resetSink(collect); err != nil {
		return made, time.Time{}, err
	}
	start := time.Now()
	if err := b.product.call(ctx, "POST", "/mailings/"+made.ID+"/send", nil, nil); err != nil {
		return made, start, err
	}
	for time.Since(start) < 30*time.Second {
		m, err := b.product.mailing(ctx, made.ID)
		if err != nil || m.Total == people {
			return m, start, err
		}
		if m.Total > 0 {
			return m, start, fmt.Errorf("%d people are in, %d are in the audience", people, m.Total)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return m, start, err
		}
	}
	return made, start, fmt.Errorf("the mailing has no audience 30 s after the order to send")
}

// wireRate is the floor of a campaign: what arrives at the sink per second
// when nothing but splicing and SMTP is done.
func (b *bench) wireRate(ctx context.Context, size int) (float64, error) {
	if err := b.resetSink(leaveTokens); err != nil {
		return 0, err
	}
	result, err := once[sendResult](ctx, "send", sendOrder{Addr: b.sink.addr, Conns: b.opt.conns, Size: size, For: b.opt.perCase})
	if err != nil {
		return 0, err
	}
	var t tally
	if err := b.sink.ask(sinkOrder{}, &t); err != nil {
		return 0, err
	}
	if t.Messages != result.Messages || t.Recipients != t.Messages || t.Tokens != t.Messages {
		return 0, fmt.Errorf("floor: %d messages went, %d came, to %d people, %d with a link", result.Messages, t.Messages, t.Recipients, t.Tokens)
	}
	n := float64(result.Messages)
	b.report.detail("campaign floor", "size of a mail", "bytes", float64(t.bytesEach()))
	b.report.detail("campaign floor", "processor time of the sender, each", "µs", result.CPU/n*1e6)
	return t.rate(), nil
}

func (b *bench) dkimSetting() string { return "AKKOORD_DKIM=bench:" + filepath.Join(b.dir, "dkim.pem") }

// signedCampaigns measures the rate of signed mailings over a while, and
// cancels them: to let each go to everyone would take minutes.
func (b *bench) signedCampaigns(ctx context.Context) error {
	if err := b.restart(ctx, b.dkimSetting()); err != nil {
		return err
	}
	for range b.opt.rounds {
		if err := b.signedCampaign(ctx, b.rows.signed, campaignSlug, b.people, nil); err != nil {
			return err
		}
	}
	return nil
}

// signedCampaign is one round of a row against signing alone.
func (b *bench) signedCampaign(ctx context.Context, r *row, campaign string, people int, with map[string]any) error {
	floor, err := signatures(b.key, b.opt.perCase)
	if err != nil {
		return err
	}
	m, _, err := b.startMailing(ctx, leaveTokens, campaign, people, with)
	if err != nil {
		return err
	}
	if _, err := b.awaitMessages(ctx, 1, nil); err != nil {
		return err
	}
	if err := pause(ctx, max(3*time.Second, b.opt.perCase)); err != nil {
		return err
	}
	var t tally
	if err := b.sink.ask(sinkOrder{}, &t); err != nil {
		return err
	}
	if t.Signed != t.Messages || t.Twice > 0 {
		return fmt.Errorf("of %d mails %d were signed, %d were doubles", t.Messages, t.Signed, t.Twice)
	}
	r.add(t.rate(), floor)
	return b.endMailing(ctx, m.ID)
}

// endMailing cancels a mailing, unless it has ended meanwhile.
func (b *bench) endMailing(ctx context.Context, id string) error {
	m, err := b.product.mailing(ctx, id)
	if err != nil || m.State == "sent" {
		return err
	}
	if err := b.product.call(ctx, "POST", "/mailings/"+id+"/cancel", nil, nil); err != nil {
		return err
	}
	_, err = b.product.awaitState(ctx, id, "cancelled", 30*time.Second)
	return err
}
