-- +goose Up

-- The second factor: its secret, sealed under a key that is not in the database, the
-- step of the last code used, and since when sessions count. Microseconds.
ALTER TABLE app_user ADD COLUMN factor BLOB;
ALTER TABLE app_user ADD COLUMN factor_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE app_user ADD COLUMN renewed_at BIGINT NOT NULL DEFAULT 0;

-- Hashes of the codes that stand in for a lost second factor; each works once.
CREATE TABLE recovery_code (
  user_id INTEGER NOT NULL,
  hash    BLOB NOT NULL,
  PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;

-- Wrong passwords and codes, by the keyed hash of the address that was typed,
-- whether anybody has it or not.
CREATE TABLE login_guess (
  hash  BLOB PRIMARY KEY,
  count INTEGER NOT NULL,
  since BIGINT NOT NULL
) WITHOUT ROWID;
