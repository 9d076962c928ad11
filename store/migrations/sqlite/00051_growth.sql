-- +goose Up

-- What became of a form in a language, by the day (of 1970, UTC) of the showing
-- or the request: numbers that lead to nobody.
CREATE TABLE form_day (
  form_id   INTEGER NOT NULL,
  locale    TEXT    NOT NULL,
  day       INTEGER NOT NULL,
  shown     BIGINT  NOT NULL DEFAULT 0,
  asked     BIGINT  NOT NULL DEFAULT 0,
  accepted  BIGINT  NOT NULL DEFAULT 0,
  opened    BIGINT  NOT NULL DEFAULT 0,
  confirmed BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (form_id, locale, day)
) WITHOUT ROWID;

-- How many became active for a purpose on a day, and how many ended.
CREATE TABLE purpose_day (
  purpose_id INTEGER NOT NULL,
  day        INTEGER NOT NULL,
  joined     BIGINT  NOT NULL DEFAULT 0,
  gone       BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (purpose_id, day)
) WITHOUT ROWID;

-- Up to which line of the ledger, and which time of mails, both are counted.
CREATE TABLE growth_counted (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  seq     BIGINT NOT NULL,
  mail_at BIGINT NOT NULL
);
