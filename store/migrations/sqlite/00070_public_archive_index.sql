-- +goose Up

-- A page of a public archive is chosen from these two alone: what mailings say is read of
-- those that it shows.
CREATE INDEX campaign_purpose ON campaign (purpose_id);
CREATE INDEX mailing_public_archive ON mailing (campaign_id, started_at, id, segment_id, public_archive, completed_at, trigger_on) WHERE completed_at > 0 AND trigger_on = '';

-- A mailing that nobody got stands in no archive.
UPDATE mailing SET completed_at = 0 WHERE completed_at > 0
  AND (SELECT d.subscriber_id FROM delivery d WHERE d.mailing_id = mailing.id AND d.state IN (2, 5) ORDER BY d.subscriber_id LIMIT 1) IS NULL;
