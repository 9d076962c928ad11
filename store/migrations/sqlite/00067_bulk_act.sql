-- +goose Up

-- What is done to many people at once.
CREATE TABLE bulk_act (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB   NOT NULL UNIQUE,
  kind       TEXT   NOT NULL,
  actor      TEXT   NOT NULL,
  state      TEXT   NOT NULL, -- collecting, prepared, running, done, stopped or dropped
  spec       TEXT   NOT NULL, -- the filter, and what is done to whom it lets through
  reach      BIGINT NOT NULL, -- how far the filter was followed
  total      BIGINT NOT NULL, -- people whom it let through
  tally      TEXT   NOT NULL, -- what became of those who were dealt with
  why        TEXT   NOT NULL, -- it was stopped by itself
  created_at BIGINT NOT NULL,
  begun_at   BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL,
  run_at     BIGINT NOT NULL, -- when the present run began, and after how many people
  run_from   BIGINT NOT NULL
);
CREATE INDEX bulk_act_open ON bulk_act (actor) WHERE state IN ('collecting', 'prepared', 'running');

-- Whom it is still to be done to.
CREATE TABLE bulk_person (
  bulk_act_id   INTEGER NOT NULL,
  subscriber_id INTEGER NOT NULL,
  PRIMARY KEY (bulk_act_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX bulk_person_subscriber ON bulk_person (subscriber_id);
