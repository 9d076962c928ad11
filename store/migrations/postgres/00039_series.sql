-- +goose Up

-- What a mailing of a series waits for: akkoord.MailingTrigger as JSON, or empty. While
-- it runs: how far back it reaches, until when it looked, and the number of the
-- content that goes out now; variants are then its contents so far.
ALTER TABLE mailing ADD COLUMN trigger_on TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE mailing ADD COLUMN from_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN from_due BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- 1: of a mailing of a series, which another one may follow.
ALTER TABLE delivery ADD COLUMN series BIGINT NOT NULL DEFAULT 0;
CREATE INDEX delivery_series ON delivery (mailing_id, updated_at, subscriber_id) WHERE series = 1 AND state = 2;

-- Occasions by their time.
CREATE INDEX consent_event_confirmed ON consent_event (purpose_id, at, subscriber_id) WHERE kind = 'confirmed';
CREATE INDEX activity_at ON activity (purpose_id, at, subscriber_id);
CREATE INDEX click_at ON click (link_id, first_at, subscriber_id);
DROP INDEX click_link;
