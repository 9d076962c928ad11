package mailer_test

import (
	"strings"
	"testing"

	"akkoord"
	"akkoord/mailer"
)

// C.1, C.12: with a mailbox for it each copy names its own address to leave by,
// beside the link; a message to it leaves the purpose at once and for good.
func TestLeavingByTheMailsAddressC12(t *testing.T) {
	w := newWorld(t, 2)
	leave := mailer.NewReturnPath("leave@zonvaart.example", w.keys.Derive("unsubscribe-mail"))
	w.leaveBy = leave
	w.run()
	m := w.start()
	w.untilState(m, akkoord.MailingSent)
	addresses := map[string]bool{}
	for i := range 2 {
		got, err := w.server.Wait(timeout(t), person(i).Address(), 1)
		if err != nil {
			t.Fatal(err)
		}
		field := header(t, got[0].Raw).Get("List-Unsubscribe")
		link, mailto, found := strings.Cut(field, ">, <mailto:")
		if !found || !strings.HasPrefix(link, "<https://") {
			t.Fatalf("List-Unsubscribe is %q", field)
		}
		address, _, _ := strings.Cut(mailto, "?subject=unsubscribe>")
		if strings.Contains(address, "voorbeeld") || len(strings.Split(address, "@")[0]) > 64 {
			t.Errorf("the address is %q", address)
		}
		addresses[address] = true
		if i > 0 {
			continue
		}
		message := "From: x@y.example\r\nDate: Tue, 24 Nov 2026 13:00:00 +0100\r\nTo: " + address + "\r\nSubject: unsubscribe\r\n\r\n"
		for n := range 2 {
			left, err := w.store.LeaveByMail(t.Context(), mailer.ReadLeave(leave, []byte(message), ""))
			if err != nil || left.New != (n == 0) || left.At.IsZero() {
				t.Errorf("%+v, %v", left, err)
			}
		}
	}
	if len(addresses) != 2 {
		t.Error("two people share an address to leave by")
	}
	for i, want := range []akkoord.State{akkoord.Withdrawn, akkoord.Active} {
		if got := w.standing(person(i)).Subscription(w.purpose.ID).State; got != want {
			t.Errorf("person %d is %s, want %s", i, got, want)
		}
	}
	if got := w.server.Messages(""); len(got) > 2 {
		t.Errorf("C.13: %d mails went out", len(got))
	}
}
