-- +goose Up

-- When a mailing may go out and how fast: akkoord.Plan as JSON.
ALTER TABLE mailing ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';

-- When it is time for the last of its people, where they have times of their own.
ALTER TABLE mailing ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;

-- Before which nobody of an open chunk is wanted; of a claimed one when it was.
ALTER TABLE delivery_chunk ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;

-- People who wait for their time have one too: only those who are tried again are
-- looked for by it.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (mailing_id, next_at) WHERE state = 3 AND next_at > 0;

-- How many mails of mailings were begun in each five minutes: of all, of a mailing,
-- of a sending domain. Kept for two days.
CREATE TABLE pace (
  scope TEXT   NOT NULL,
  slot  BIGINT NOT NULL,
  mails BIGINT NOT NULL,
  PRIMARY KEY (scope, slot)
) WITHOUT ROWID;

-- How far new sending domains are.
CREATE TABLE warmup (
  domain TEXT    NOT NULL PRIMARY KEY,
  step   INTEGER NOT NULL,
  since  BIGINT  NOT NULL,
  sent   BIGINT  NOT NULL
) WITHOUT ROWID;
