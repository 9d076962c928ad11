-- +goose Up

-- Who gets advertising as a customer without a ground for it: few, so that a mailing's
-- audience is frozen without reading the rows of all others.
CREATE INDEX subscription_unfounded ON subscription (purpose_id, subscriber_id) WHERE state = 'active' AND basis = 'existing_customer' AND version = 0 AND ground = '';
