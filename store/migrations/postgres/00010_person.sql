-- +goose Up

-- What people decide for themselves: a pause of all mail, by itself over at a
-- time, and per purpose whether their clicks may be counted (0: no).
ALTER TABLE subscriber ADD COLUMN paused_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN tracking BIGINT NOT NULL DEFAULT 0;

-- What a row of the outbox is about: nothing for a sign-up, else own_data,
-- address or moved.
ALTER TABLE outbox ADD COLUMN about TEXT COLLATE "C" NOT NULL DEFAULT '';

-- A change of address that was asked for (state 0), was confirmed (1), or is
-- told at the old address (2). Kept for a month, or until the person is gone.
CREATE TABLE address_change (
  request       BYTEA   PRIMARY KEY,
  subscriber_id BIGINT  NOT NULL,
  email         TEXT    COLLATE "C" NOT NULL, -- where the mail of this row goes
  state         BIGINT  NOT NULL,
  at            BIGINT  NOT NULL
);
CREATE INDEX address_change_subscriber ON address_change (subscriber_id, at);
CREATE INDEX address_change_at ON address_change (at);

-- Keyed hashes of addresses that a person had before: who left everything or
-- was erased comes back under none of them (P15).
CREATE TABLE former_address (
  subscriber_id BIGINT  NOT NULL,
  hash          BYTEA   NOT NULL,
  at            BIGINT  NOT NULL,
  PRIMARY KEY (subscriber_id, hash)
);

-- Leavings by the links of mails, for the figures of mailings: numbers that
-- lead to nobody once the person is gone. What people wrote is evidence.
CREATE TABLE leaving (
  mailing_id    BIGINT  NOT NULL,
  subscriber_id BIGINT  NOT NULL,
  scope         TEXT    COLLATE "C" NOT NULL,
  place         TEXT    COLLATE "C" NOT NULL,
  reason        TEXT    COLLATE "C" NOT NULL,
  at            BIGINT  NOT NULL,
  PRIMARY KEY (mailing_id, subscriber_id, scope)
);
CREATE INDEX leaving_subscriber ON leaving (subscriber_id, at);
