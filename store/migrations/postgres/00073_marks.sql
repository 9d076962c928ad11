-- +goose Up

-- Who is on the wire in a window, and what became of the people before: a row for each
-- mark, of which the last of a window counts. They were updates of the window's row, and
-- each had to pass those that somebody who reads for long keeps from being removed. Not
-- logged, as claims are not (docs/adr/0009).
CREATE UNLOGGED TABLE mark (
  fence  BIGINT NOT NULL, -- of the window
  number BIGINT NOT NULL, -- goes up within it
  onwire BIGINT NOT NULL, -- number of the person; 0: nobody
  notes  TEXT   NOT NULL, -- results that no commit holds yet
  PRIMARY KEY (fence, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
LOCK TABLE claim IN ACCESS EXCLUSIVE MODE;
INSERT INTO mark (fence, number, onwire, notes) SELECT fence, 0, onwire, notes FROM claim WHERE onwire <> 0 OR notes <> '';
ALTER TABLE claim DROP COLUMN onwire, DROP COLUMN notes;
