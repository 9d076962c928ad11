-- +goose Up

-- What the form of a sign-up was filled in with, until the sign-up is confirmed
-- and makes it the person's own, or is over.
CREATE TABLE signup_value (
  subscriber_id BIGINT NOT NULL,
  attribute_id  BIGINT NOT NULL,
  request       BYTEA NOT NULL, -- the sign-up
  value         TEXT COLLATE "C" NOT NULL,
  at            BIGINT NOT NULL,
  PRIMARY KEY (subscriber_id, attribute_id)
);
