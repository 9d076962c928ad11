-- +goose Up

-- What was told of mails after they were sent: by number, one line of each kind
-- for a mailing and a person. Mailing 0 are mails that sign-ups cause.
CREATE TABLE report (
  mailing_id    INTEGER NOT NULL,
  subscriber_id INTEGER NOT NULL,
  kind          TEXT    NOT NULL, -- bounce or complaint
  class         TEXT    NOT NULL, -- of a bounce
  status        TEXT    NOT NULL, -- codes, like 550 5.1.1
  source        TEXT    NOT NULL,
  at            BIGINT  NOT NULL,
  PRIMARY KEY (mailing_id, subscriber_id, kind)
) WITHOUT ROWID;
CREATE INDEX report_subscriber ON report (subscriber_id, at);

-- How many there are of a mailing, to be held against the limits. A count is of
-- interest when it comes to look_at; what was told until a pause was taken back
-- is in base.
CREATE TABLE report_tally (
  mailing_id INTEGER NOT NULL,
  kind       TEXT    NOT NULL, -- complaint, or the class of a bounce
  reports    BIGINT  NOT NULL,
  look_at    BIGINT  NOT NULL,
  base       BIGINT  NOT NULL,
  base_sent  BIGINT  NOT NULL,
  PRIMARY KEY (mailing_id, kind)
) WITHOUT ROWID;

-- The do-not-mail list, newest first.
CREATE INDEX suppression_at ON suppression (at, hash, kind);
