-- +goose Up

-- Why a person may be mailed without a consent, as JSON: the facts of a sale,
-- or a sentence. Imports from before had one sentence for all rows; it is with
-- the import.
ALTER TABLE subscription ADD COLUMN ground TEXT NOT NULL DEFAULT '';
UPDATE subscription SET ground = '{"text":"imported"}' WHERE basis <> 'consent' AND version = 0;

-- The first version of a purpose's texts that asks for more than those before
-- it: consents to them don't count for it. 0: none does.
ALTER TABLE purpose ADD COLUMN wider INTEGER NOT NULL DEFAULT 0;

-- What a version of texts is to the one before it.
CREATE TABLE wording_change (
  purpose_id INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  change     TEXT    NOT NULL, -- correction or wider
  reason     TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  at         BIGINT  NOT NULL,
  PRIMARY KEY (purpose_id, version)
) WITHOUT ROWID;
