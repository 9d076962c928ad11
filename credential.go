package akkoord

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Credential is what a user logs in with (M27). The password and the codes are
// stored as hashes only, the secret of the second factor sealed.
type Credential struct {
	User     User
	Password string // PHC string of argon2id; empty: none was chosen
	Factor   []byte // sealed secret of a TOTP (RFC 6238); empty: no second factor
	Step     int64  // of the last TOTP that was used: none counts twice
	Codes    int    // recovery codes that are left
}

// commonWords make a password that is guessed early, whatever digits and signs
// stand around them.
var commonWords = []string{
	"password", "passwort", "wachtwoord", "motdepasse", "welkom", "welcome", "willkommen", "bienvenue", "qwerty", "azerty", "qwertz", "qwertyuiop", "letmein", "admin", "administrator",
	"iloveyou", "monkey", "dragon", "football", "baseball", "sunshine", "princess", "superman", "batman", "trustno", "master", "login", "secret", "geheim", "abc", "abcd", "abcdef", "test", "akkoord",
	"januari", "februari", "maart", "april", "juni", "juli", "augustus", "september", "oktober", "november", "december", "zomer", "winter", "lente", "herfst", "summer", "spring", "autumn", "nederland", "amsterdam",
}

// CheckPassword reports what is wrong with a password that somebody with this
// address chose. NIST SP 800-63B asks for eight characters where there is a second
// factor, and for no rules about its composition. Errors are Invalid and name the field "password".
func CheckPassword(password, email string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return Fieldf("password", "password_invalid", "A password is text without control characters.")
	case n < Limits.PasswordMin:
		return Fieldf("password", "password_short", "A password has %d characters at least; four words you like will do.", Limits.PasswordMin)
	case n > Limits.PasswordMax:
		return Fieldf("password", "password_long", "A password has %d characters at most.", Limits.PasswordMax)
	case guessedEarly(strings.ToLower(password), strings.ToLower(email)):
		return Fieldf("password", "password_common", "This password is guessed early. Take one that is not made of a common word, your address, a row of keys or a repetition.")
	}
	return nil
}

func guessedEarly(password, email string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, password)
	local, domain, _ := strings.Cut(email, "@")
	name, _, _ := strings.Cut(domain, ".")
	own := slices.ContainsFunc([]string{email, local, name}, func(s string) bool { return len(s) >= 3 && strings.Contains(password, s) && len(password)-len(s) < 8 })
	return own || made(letters) || steps(password) < 6
}

// made reports whether letters are nothing but common words; a password of digits
// and signs has none.
func made(letters string) bool {
	if letters == "" {
		return false
	}
	// ends[i]: the letters before i are common words one after another
	ends := make([]bool, len(letters)+1)
	ends[0] = true
	for i := range letters {
		if !ends[i] {
			continue
		}
		for _, w := range commonWords {
			if strings.HasPrefix(letters[i:], w) {
				ends[i+len(w)] = true
			}
		}
	}
	return ends[len(letters)]
}

// steps counts the characters that neither repeat the one before them nor follow
// it in the alphabet, the digits or the period of a short repetition.
func steps(password string) int {
	all := []rune(password)
	n := 0
	for i, r := range all {
		if i > 0 && (r == all[i-1] || r == all[i-1]+1 || r == all[i-1]-1) || slices.Contains(all[:i], r) && repeats(all, i) {
			continue
		}
		n++
	}
	return n
}

// repeats reports whether the character at i continues a repetition of at most
// six characters.
func repeats(all []rune, i int) bool {
	for period := 2; period <= 6; period++ {
		if i >= 2*period-1 && slices.Equal(all[i-period+1:i+1], all[i-2*period+1:i-period+1]) {
			return true
		}
	}
	return false
}
