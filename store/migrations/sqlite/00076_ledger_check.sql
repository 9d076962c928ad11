-- +goose Up

-- Checks of the whole ledger, by a job.
CREATE TABLE ledger_check (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB   NOT NULL UNIQUE,
  actor      TEXT NOT NULL,
  state      TEXT NOT NULL, -- running, verified, broken or stopped
  done       BIGINT NOT NULL,
  total      BIGINT NOT NULL,
  seq        BIGINT NOT NULL, -- the last line that was checked, with its hash
  hash       BLOB   NOT NULL,
  problem    TEXT NOT NULL, -- what does not verify
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  run_at     BIGINT NOT NULL, -- when the present run began; 0: it waits
  ended_at   BIGINT NOT NULL
);
CREATE INDEX ledger_check_open ON ledger_check (id) WHERE state = 'running';
