-- +goose Up

-- What the admin site was told of the organisation, where the settings say
-- nothing: one row at most. put_away: since when the list of first steps is
-- hidden, in microseconds; 0 while it is shown.
CREATE TABLE organisation (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  controller     TEXT   NOT NULL,
  postal_address TEXT   NOT NULL,
  contact        TEXT   NOT NULL,
  put_away       BIGINT NOT NULL
);

-- Codes by which the first owner is made, by hash, with how often a wrong
-- secret was shown. Empty as soon as there is a user.
CREATE TABLE setup_code (
  name       TEXT    PRIMARY KEY,
  hash       BLOB    NOT NULL,
  tries      INTEGER NOT NULL,
  expires_at BIGINT  NOT NULL
) WITHOUT ROWID;
