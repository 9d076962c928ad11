-- +goose Up

-- Who logs in by single sign-on: the name for good that a provider gives somebody,
-- and which user that is. Microseconds.
CREATE TABLE identity_link (
  issuer    TEXT NOT NULL,
  subject   TEXT NOT NULL,
  user_id   INTEGER NOT NULL,
  linked_at BIGINT NOT NULL,
  used_at   BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE UNIQUE INDEX identity_link_user ON identity_link (user_id, issuer);
