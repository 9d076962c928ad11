-- +goose Up

-- Which line of the ledger says that somebody was erased, by the keyed hash of
-- their public id: so that a request that comes again gets the same receipt.
-- Kept for a month.
CREATE TABLE erasure (
  person BYTEA  PRIMARY KEY,
  line   BIGINT NOT NULL,
  hash   BYTEA  NOT NULL,
  at     BIGINT NOT NULL
);
CREATE INDEX erasure_at ON erasure (at);
