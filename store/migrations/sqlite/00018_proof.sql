-- +goose Up

-- Mails that ask for a consent, as they were sent (M30). The personal part of a
-- proof: erased with the person.
CREATE TABLE mail_copy (
  id            INTEGER PRIMARY KEY, -- the row of the outbox, which goes sooner
  subscriber_id INTEGER NOT NULL,
  request       BLOB    NOT NULL,
  mail          TEXT    NOT NULL,
  locale        TEXT    NOT NULL,
  asked_at      BIGINT  NOT NULL,
  first_at      BIGINT  NOT NULL,
  sent_at       BIGINT  NOT NULL,
  attempts      INTEGER NOT NULL,
  code          TEXT    NOT NULL, -- the relay's reply code
  size          INTEGER NOT NULL,
  digest        BLOB    NOT NULL, -- SHA-256 of the bytes
  data          BLOB    NOT NULL  -- the bytes by DEFLATE (RFC 1951); empty: only the digest is kept
);
CREATE INDEX mail_copy_subscriber ON mail_copy (subscriber_id);

-- The line of a version of texts is looked up for each proof.
CREATE INDEX consent_event_worded ON consent_event (purpose_id, wording_version) WHERE kind = 'worded';

-- To which signed head a place outside has all of them; the place by a hash of
-- its setting, which may hold a secret.
CREATE TABLE head_sent (
  place BLOB   PRIMARY KEY,
  seq   BIGINT NOT NULL,
  at    BIGINT NOT NULL
);
