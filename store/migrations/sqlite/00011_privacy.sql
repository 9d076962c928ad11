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

-- The audit trail becomes a chain. Lines from before have no hash.
ALTER TABLE audit ADD COLUMN hash BLOB;

CREATE TABLE audit_head (
  seq       INTEGER PRIMARY KEY,
  hash      BLOB   NOT NULL,
  at        BIGINT NOT NULL,
  signature BLOB   NOT NULL
);
