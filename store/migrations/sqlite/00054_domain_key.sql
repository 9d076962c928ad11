-- +goose Up

-- DKIM keys that were made here. Microseconds; 0: never.
CREATE TABLE domain_key (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB   NOT NULL UNIQUE,
  domain     TEXT   NOT NULL,
  selector   TEXT   NOT NULL,
  kind       TEXT   NOT NULL, -- rsa or ed25519
  public     BLOB   NOT NULL,
  secret     BLOB   NOT NULL, -- PKCS #8, sealed; empty once it signs no more
  state      TEXT   NOT NULL, -- new, published, signing or retired
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  signs_from BIGINT NOT NULL,
  retired_at BIGINT NOT NULL,
  UNIQUE (domain, selector)
);
