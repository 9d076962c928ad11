-- +goose Up

-- An import: a file, on what grounds, and how far it is. Holds no personal
-- data, and stays as evidence of where people came from.
CREATE TABLE import (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  state       TEXT    NOT NULL,
  spec        TEXT    NOT NULL,
  size        BIGINT  NOT NULL,
  digest      BLOB    NOT NULL, -- SHA-256 of the file
  spool       TEXT    NOT NULL, -- the file, while the server keeps one
  tally       TEXT    NOT NULL,
  fence       BIGINT  NOT NULL, -- of the present run; an older one writes nothing
  why         TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL,
  started_at  BIGINT  NOT NULL,
  updated_at  BIGINT  NOT NULL,
  finished_at BIGINT  NOT NULL
);
CREATE INDEX import_open ON import (id) WHERE state IN ('queued', 'running');

-- Rows that were refused, and the examples of a dry run. Kept for a time, and
-- found by the hash of their address when that person is erased.
CREATE TABLE import_row (
  import_id INTEGER NOT NULL,
  outcome   TEXT    NOT NULL,
  line      BIGINT  NOT NULL,
  code      TEXT    NOT NULL,
  why       TEXT    NOT NULL,
  hash      BLOB    NOT NULL,
  fields    TEXT    NOT NULL,
  at        BIGINT  NOT NULL,
  PRIMARY KEY (import_id, outcome, line)
) WITHOUT ROWID;
CREATE INDEX import_row_hash ON import_row (hash);
CREATE INDEX import_row_at ON import_row (at);
