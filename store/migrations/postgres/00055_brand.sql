-- +goose Up

-- How the organisation shows itself on public pages and in mails: one row at most.
-- accent: a colour like #b8400e, empty for Akkoord's own. version rises with each
-- change, and who makes one names the version that they read.
CREATE TABLE brand (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  accent      TEXT    NOT NULL,
  logo        BIGINT  REFERENCES image (id),
  logo_width  INTEGER NOT NULL,
  logo_height INTEGER NOT NULL,
  logo_alt    TEXT    NOT NULL,
  version     INTEGER NOT NULL
);
