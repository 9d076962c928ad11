-- +goose Up

-- Who lets their clicks be counted, for the share of a mailing's readers who clicked.
CREATE INDEX subscription_tracked ON subscription (purpose_id, subscriber_id, tracking) WHERE tracking > 0;
