package akkoord

import "testing"

// M27: a password is long, and nothing that is guessed early.
func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]string{
		"kort": "password_short", "elf tekens.": "password_short", "": "password_short",
		"Welkom2026!!": "password_common", "wachtwoord123": "password_common", "PasswordPassword1": "password_common", "Winter-December-2026": "password_common",
		"aaaaaaaaaaaaaaaa": "password_common", "abcdefghijklmnop": "password_common", "123456789012": "password_common", "xyzxyzxyzxyzxyz": "password_common",
		"femke@zonvaart.example": "password_common", "femke1234567": "password_common", "zonvaart2026": "password_common",
		"vier woorden die ik leuk vind": "", "T7#kq!mZ02pv": "", "839207164425": "", "paard batterij nietje klopt": "", "мій дуже довгий пароль": "",
		"met\x00nul in het midden": "password_invalid", "met \xff bytes van niets": "password_invalid",
	} {
		if got := CodeOf(CheckPassword(password, "femke@zonvaart.example")); got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
}
