package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// smtpSetting has akkoord send to the sink.
func (b *bench) smtpSetting() string {
	return fmt.Sprintf("AKKOORD_SMTP=smtp://%s?tls=none&connections=%d", b.sink.addr, b.opt.conns)
}

// signups measures sign-ups of fresh addresses, against hello. Mail is not set
// up, so that the outbox fills and the mailer takes no part: the row is the
// cost of a durable sign-up. signupMailing, later, is the two together.
func (b *bench) signups(ctx context.Context) error {
	if _, err := b.product.serve(ctx, "/readyz"); err != nil {
		return err
	}
	if err := b.product.prepare(ctx); err != nil {
		return err
	}
	share := max(1, b.opt.people*9/10/b.opt.rounds) // the rest signs up while mails go out
	for range b.opt.rounds {
		floor, err := b.helloRate(ctx)
		if err != nil {
			return err
		}
		result, err := b.signup(ctx, "sign-up", loadOrder{Limit: share})
		if err != nil {
			return err
		}
		b.rows.signup.add(result.rate(), floor)
		b.rows.signupP99.add(result.P99, 0)
	}
	return b.product.stop()
}

// signup signs up people who were never seen before.
func (b *bench) signup(ctx context.Context, of string, order loadOrder) (loadResult, error) {
	order.Path, order.Purpose = formPath, purposeSlug
	result, err := b.signupAt(ctx, of, order)
	b.people += result.Answers
	return result, err
}

// signupAt signs up people who were never seen before at the form of the order.
func (b *bench) signupAt(ctx context.Context, of string, order loadOrder) (loadResult, error) {
	b.batches++
	order.Addr, order.Kind, order.Batch = b.product.addr, "signup", strconv.Itoa(b.batches)
	return b.load(ctx, of, b.product.pid(), order)
}

// confirms signs up who is still missing, now with the mailer at work, waits
// for all confirmation mails, and measures following their links. Each link is
// used once, so each request stores a consent. After it everyone is in: the
// audience of the campaigns came by the public road, each with a ledger.
func (b *bench) confirms(ctx context.Context) error {
	if err := b.resetSink(confirmTokens); err != nil {
		return err
	}
	if _, err := b.product.serve(ctx, formPath, b.smtpSetting()); err != nil {
		return err
	}
	missing := b.opt.people - b.people
	result, err := b.signup(ctx, "sign-up while mails go out", loadOrder{Limit: missing, For: 10 * time.Minute})
	if err != nil {
		return err
	}
	b.rows.signupMailing.add(result.rate(), median(b.rows.hello.floor))
	file, err := b.confirmLinks(ctx, b.people)
	if err != nil {
		return err
	}
	return b.useTokens(ctx, b.rows.confirm, "confirm", loadOrder{Kind: "confirm", Tokens: file, For: 5 * time.Minute}, b.people)
}

// confirmLinks waits until everybody had the mail that asks to confirm, and writes its
// links to a file.
func (b *bench) confirmLinks(ctx context.Context, people int) (file string, err error) {
	mails, err := b.awaitMessages(ctx, people, nil)
	if err != nil {
		return "", fmt.Errorf("confirmation mails: %w", err)
	}
	b.report.detail("confirmation mails", "sent", "/s", mails.rate())
	b.report.detail("confirmation mails", "size", "bytes", float64(mails.bytesEach()))
	file = filepath.Join(b.dir, "confirm.tokens")
	tokens, err := b.takeTokens(file)
	if err != nil {
		return "", err
	}
	if tokens != people || mails.Twice > 0 {
		return "", fmt.Errorf("%d people signed up; their mails had %d links to confirm, and %d came twice", people, tokens, mails.Twice)
	}
	return file, nil
}

// leaves measures one-click unsubscribing (RFC 8058), each link once.
func (b *bench) leaves(ctx context.Context) error {
	order := loadOrder{Kind: "leave", Tokens: b.leaveFile()}
	return b.useTokens(ctx, b.rows.leave, "one-click", order, b.leavers)
}

func (b *bench) leaveFile() string { return filepath.Join(b.dir, "leave.tokens") }

// useTokens measures requests that use up tokens, an equal share each round.
func (b *bench) useTokens(ctx context.Context, r *row, of string, order loadOrder, tokens int) error {
	order.Addr = b.product.addr
	for round := range b.opt.rounds {
		floor, err := b.helloRate(ctx)
		if err != nil {
			return err
		}
		order.Skip = tokens * round / b.opt.rounds
		order.Limit = tokens*(round+1)/b.opt.rounds - order.Skip
		result, err := b.load(ctx, of, b.product.pid(), order)
		if err != nil {
			return err
		}
		r.add(result.rate(), floor)
	}
	return nil
}
