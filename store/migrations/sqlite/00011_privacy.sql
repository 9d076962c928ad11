-- +goose Up

-- Parties that data goes to, each with its agreement (M28). Times are 0 where
-- there is none.
CREATE TABLE processor (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  slug        TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  role        TEXT    NOT NULL,
  country     TEXT    NOT NULL,
  signed_on   BIGINT  NOT NULL,
  valid_until BIGINT  NOT NULL, -- the last day
  document    TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL,
  ended_at    BIGINT  NOT NULL
);

-- Requests of people about their data, each with the clock of Art. 12(3) GDPR.
CREATE TABLE data_request (
  id            INTEGER PRIMARY KEY,
  public_id     BLOB    NOT NULL UNIQUE,
  kind          TEXT    NOT NULL,
  subscriber_id INTEGER NOT NULL, -- 0: nobody on record
  received_at   BIGINT  NOT NULL,
  due_at        BIGINT  NOT NULL,
  extension     TEXT    NOT NULL, -- why it takes longer
  state         TEXT    NOT NULL,
  answer        TEXT    NOT NULL,
  closed_at     BIGINT  NOT NULL
);

-- Which party has still to be told of an erasure (Art. 19 GDPR), by the line of
-- the ledger that says so.
CREATE TABLE erasure_notice (
  id           INTEGER PRIMARY KEY,
  line         BIGINT  NOT NULL,
  processor_id INTEGER NOT NULL,
  due_at       BIGINT  NOT NULL,
  done_at      BIGINT  NOT NULL
);
CREATE INDEX erasure_notice_open ON erasure_notice (due_at) WHERE done_at = 0;

-- The audit trail becomes a chain. Lines from before have no hash.
ALTER TABLE audit ADD COLUMN hash BLOB;

CREATE TABLE audit_head (
  seq       INTEGER PRIMARY KEY,
  hash      BLOB   NOT NULL,
  at        BIGINT NOT NULL,
  signature BLOB   NOT NULL
);
