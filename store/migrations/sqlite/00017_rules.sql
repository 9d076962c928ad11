-- +goose Up

-- Rounds that ask people for their consent to the wider words of a purpose
-- (M4). One of a purpose is open at a time.
CREATE TABLE permission_round (
  id           INTEGER PRIMARY KEY,
  public_id    BLOB NOT NULL UNIQUE,
  purpose_id   INTEGER NOT NULL,
  version      INTEGER NOT NULL, -- of the texts, when it began
  remind_after INTEGER NOT NULL, -- days; 0: nobody is reminded
  state        TEXT NOT NULL, -- asking, waiting, done or stopped
  reach        BIGINT NOT NULL, -- the last person who was looked at
  remind_reach BIGINT NOT NULL,
  actor        TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  asked_at     BIGINT NOT NULL, -- when everybody was asked
  ended_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX permission_round_open ON permission_round (purpose_id) WHERE state IN ('asking', 'waiting');

-- Who was asked in which words. Numbers that lead to nobody once the person is
-- gone.
CREATE TABLE permission_question (
  round_id      INTEGER NOT NULL,
  subscriber_id INTEGER NOT NULL,
  request       BLOB NOT NULL UNIQUE,
  version       INTEGER NOT NULL,
  locale        TEXT NOT NULL,
  asked_at      BIGINT NOT NULL,
  reminded_at   BIGINT NOT NULL,
  confirmed_at  BIGINT NOT NULL,
  PRIMARY KEY (round_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX permission_question_subscriber ON permission_question (subscriber_id);

-- What an installation knows of people beyond name and interests: each kind of
-- knowledge with its type, for one purpose.
CREATE TABLE attribute (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB NOT NULL UNIQUE,
  slug       TEXT NOT NULL UNIQUE,
  type       TEXT NOT NULL, -- text, number, date or flag
  purpose_id INTEGER NOT NULL,
  created_at BIGINT NOT NULL
);

-- Its value of a person, as akkoord.Attribute writes it.
CREATE TABLE subscriber_attribute (
  subscriber_id INTEGER NOT NULL,
  attribute_id  INTEGER NOT NULL,
  value         TEXT NOT NULL,
  PRIMARY KEY (subscriber_id, attribute_id)
) WITHOUT ROWID;
CREATE INDEX subscriber_attribute_value ON subscriber_attribute (attribute_id, value, subscriber_id);

-- Rules that change on which basis people are mailed: when … then … (M7).
CREATE TABLE rule (
  id           INTEGER PRIMARY KEY,
  public_id    BLOB NOT NULL UNIQUE,
  slug         TEXT NOT NULL UNIQUE,
  spec         TEXT NOT NULL, -- JSON
  enabled      INTEGER NOT NULL,
  reach_value  TEXT NOT NULL, -- of a rule about a date: how far it was run, by value and person
  reach_person BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL
);
