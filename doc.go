// Package akkoord holds the rules of consent: who may be mailed, why, and how
// that is proved. It does no I/O. Each rule is a pure function of state, input
// and the time, and answers with a Change that the store records whole.
//
// The words are those of docs/architecture.md: a Subscriber is an address and
// a language and says nothing about consent; an Event is one immutable line of
// the ledger; a Subscription is the fold of a person's events for one Purpose;
// the Gate is the one function that answers whether a person may get a mail.
package akkoord
