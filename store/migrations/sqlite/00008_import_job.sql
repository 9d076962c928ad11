-- +goose Up

-- An upload in pieces, where nodes share the database: any of them can run the
-- import. On a file it lies beside the database instead.
CREATE TABLE import_part (
  upload TEXT    NOT NULL,
  number INTEGER NOT NULL,
  data   BLOB    NOT NULL,
  at     BIGINT  NOT NULL,
  PRIMARY KEY (upload, number)
);
CREATE INDEX import_part_at ON import_part (at);

INSERT INTO job (kind, key, args, every, state, run_at, lease_until, fence, attempts, error, started_at, ended_at, created_at)
  SELECT 'import', CAST(id AS TEXT), '{"import":' || CAST(id AS TEXT) || '}', 0, 0, 0, 0, 0, 0, '', 0, 0, created_at
  FROM import WHERE state IN ('queued', 'running') AND spool <> '';
