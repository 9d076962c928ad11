-- +goose Up

-- The last backup that proved itself whole. On SQLite a file beside the
-- database says so, since a backup is made beside the one process that writes.
CREATE TABLE backup_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at BIGINT  NOT NULL -- what it holds is of this time
);

-- The oldest program that works on this schema, by the newest schema that it
-- knows: a program that knows less is refused (P23).
CREATE TABLE schema_admits (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  oldest BIGINT  NOT NULL
);

-- Later migrations that an older program can't work beside raise this.
INSERT INTO schema_admits (id, oldest) VALUES (1, 7);
