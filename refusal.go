package akkoord

import "strings"

// Class says whom a refusal tells something about (requirements-mail J.5).
type Class string

// The classes of refusals. Only ClassHard says that the mailbox is gone.
const (
	ClassNone    Class = ""
	ClassHard    Class = "hard"    // there is no such mailbox
	ClassSoft    Class = "soft"    // full, unreachable, or not said
	ClassPolicy  Class = "policy"  // about the sender: reputation, authentication, protocol
	ClassContent Class = "content" // about this mail: size, encoding
)

// ClassOf gives the class of a refusal for good by its enhanced code (RFC 3463)
// and, where that says nothing or is missing, by its words. us is true where
// the refusal is about the sender as such and so would hit everyone.
func ClassOf(enhanced, text string) (c Class, us bool) {
	text = strings.ToLower(text)
	subject, detail, _ := strings.Cut(strings.TrimPrefix(enhanced, "5."), ".")
	switch {
	case strings.HasPrefix(enhanced, "4.7."):
		return ClassPolicy, false
	case strings.HasPrefix(enhanced, "4."):
		return ClassSoft, false
	case !strings.HasPrefix(enhanced, "5.") || enhanced == "5.0.0":
		return classOfText(text)
	case enhanced == "5.5.0" && strings.Contains(text, "mailbox unavailable"): // Hotmail
		return ClassHard, false
	case enhanced == "5.4.1" && strings.Contains(text, "recipient"): // Exchange
		return ClassHard, false
	case enhanced == "5.7.17", enhanced == "5.7.18": // the mailbox has a new owner (RFC 7293)
		return ClassHard, false
	}
	switch subject {
	case "1":
		switch detail {
		case "1", "2", "3", "6", "10":
			return ClassHard, false
		case "7", "8":
			return ClassPolicy, true
		}
	case "2":
		switch detail {
		case "1":
			return ClassHard, false
		case "3":
			return ClassContent, false
		}
	case "3":
		if detail == "4" {
			return ClassContent, false
		}
	case "5":
		return ClassPolicy, false
	case "6":
		return ClassContent, false
	case "7":
		return ClassPolicy, true
	}
	return ClassSoft, false
}

// ClassOfReply gives the class of a refusal as a delivery keeps it: its codes,
// like "550 5.1.1", and the relay's words. What was given up after trying for
// long is soft.
func ClassOfReply(code, reply string) Class {
	basic, enhanced, _ := strings.Cut(code, " ")
	if len(basic) != 3 || basic[0] != '5' {
		return ClassSoft
	}
	c, _ := ClassOf(enhanced, reply)
	return c
}

// classOfText reads the words of a refusal whose codes say nothing.
func classOfText(text string) (Class, bool) {
	c := ClassOfWords(text)
	if c == ClassNone {
		c = ClassSoft
	}
	return c, c == ClassPolicy
}

// ClassOfWords gives the class that the words of a refusal tell; ClassNone where
// they are none that are known.
func ClassOfWords(text string) Class {
	text = strings.ToLower(text)
	for _, p := range refusalWords {
		if strings.Contains(text, p.words) {
			return p.class
		}
	}
	return ClassNone
}

// refusalWords are tried in order, so that a doubt falls on us, not on the person.
var refusalWords = []struct {
	words string
	class Class
}{
	{"spf", ClassPolicy}, {"dkim", ClassPolicy}, {"dmarc", ClassPolicy}, {"spam", ClassPolicy},
	{"blacklist", ClassPolicy}, {"blocklist", ClassPolicy}, {"blocked", ClassPolicy}, {"reputation", ClassPolicy},
	{"relay", ClassPolicy}, {"authenticat", ClassPolicy}, {"sender", ClassPolicy},
	{"quota", ClassSoft}, {"full", ClassSoft},
	{"user unknown", ClassHard}, {"unknown user", ClassHard}, {"unknown recipient", ClassHard},
	{"no such user", ClassHard}, {"no such recipient", ClassHard}, {"no such mailbox", ClassHard},
	{"does not exist", ClassHard}, {"doesn't exist", ClassHard}, {"mailbox unavailable", ClassHard},
	{"mailbox not found", ClassHard}, {"invalid recipient", ClassHard},
	{"no mailbox here by that name", ClassHard},    // qmail
	{"user doesn't have a", ClassHard},             // Yahoo: … yahoo.com account
	{"mailbox is disabled", ClassHard},             // Yahoo
	{"account that you tried to reach", ClassHard}, // Gmail: … does not exist, with line breaks
}
