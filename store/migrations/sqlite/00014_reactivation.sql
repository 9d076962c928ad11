-- +goose Up

-- What a purpose does about people who gave no sign of life for long (M18).
-- Policies of before did nothing: they are stopped until somebody starts them,
-- so that no upgrade mails or deletes anybody.
ALTER TABLE purpose ADD COLUMN ask_again_after BIGINT NOT NULL DEFAULT 14;
ALTER TABLE purpose ADD COLUMN expire_after BIGINT NOT NULL DEFAULT 14;
ALTER TABLE purpose ADD COLUMN signals TEXT NOT NULL DEFAULT 'click,preferences,confirmation_age';
ALTER TABLE purpose ADD COLUMN retention_stopped BIGINT NOT NULL DEFAULT 0; -- since when; 0: it goes on
UPDATE purpose SET retention_stopped = created_at WHERE inactive_after > 0;

-- When a person last said that they still want it, when they were asked, and
-- when once more; 0: never.
ALTER TABLE subscription ADD COLUMN renewed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;

-- Ended, and never agreed to or once agreed to: what is over, by age.
CREATE INDEX subscription_unagreed ON subscription (since) WHERE state IN ('withdrawn', 'expired') AND agreed = 0;
CREATE INDEX subscription_outlived ON subscription (since) WHERE state IN ('withdrawn', 'expired') AND agreed > 0;

-- Which purpose a question is about; 0: the row is none.
ALTER TABLE outbox ADD COLUMN purpose_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX outbox_still ON outbox (subscriber_id, id) WHERE about IN ('still', 'still_again');

-- The last sign of life of each kind, of those alone who let their clicks be
-- counted; it goes when they take that back.
CREATE TABLE activity (
  subscriber_id INTEGER NOT NULL,
  purpose_id    INTEGER NOT NULL,
  signal        TEXT    NOT NULL,
  at            BIGINT  NOT NULL,
  PRIMARY KEY (subscriber_id, purpose_id, signal)
) WITHOUT ROWID;
