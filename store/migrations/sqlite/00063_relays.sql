-- +goose Up

-- Names and addresses that mailings of a purpose can come from. Microseconds; 0: never.
CREATE TABLE sender (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  slug       TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  address    TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  retired_at BIGINT  NOT NULL
);

-- Mail servers beside that of the settings. url is sealed: it has the password.
CREATE TABLE relay (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  slug        TEXT    NOT NULL UNIQUE,
  addr        TEXT    NOT NULL,
  security    TEXT    NOT NULL,
  login       INTEGER NOT NULL,
  connections INTEGER NOT NULL,
  processor   TEXT    NOT NULL, -- slug of the party, or own
  notices     INTEGER NOT NULL, -- 1: it may carry mail of no mailing
  url         BLOB    NOT NULL,
  version     INTEGER NOT NULL, -- how often it was changed
  created_at  BIGINT  NOT NULL,
  retired_at  BIGINT  NOT NULL
);

-- Slug of the sender of a purpose's mailings, and slugs of the relays that they go by,
-- in order, with a space between; empty: those of the settings.
ALTER TABLE purpose ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE purpose ADD COLUMN relays TEXT NOT NULL DEFAULT '';

-- Numbers of relays; 0: that of the settings. The one that a delivery was last given to,
-- the one that tries it again now, and the one that a chunk is claimed for.
ALTER TABLE delivery ADD COLUMN relay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN carrier INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery_chunk ADD COLUMN relay INTEGER NOT NULL DEFAULT 0;
