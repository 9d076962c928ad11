-- +goose Up

-- Passkeys of users: the public half of a key pair, by the id that authenticators
-- know it by (WebAuthn). The counter is that of its last signature; 0: it counts
-- none. Microseconds; used_at 0: never.
CREATE TABLE passkey (
  public_id  BYTEA PRIMARY KEY,
  user_id    BIGINT NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  handle     BYTEA NOT NULL,
  key        BYTEA NOT NULL,
  counter    BIGINT NOT NULL,
  syncs      INTEGER NOT NULL,
  synced     INTEGER NOT NULL,
  transports TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX passkey_handle ON passkey (handle);
CREATE INDEX passkey_user ON passkey (user_id, created_at);

-- What a login that goes through a browser's passkeys or another site was asked, by
-- the hash of the secret that its browser holds; each is answered once.
CREATE TABLE login_challenge (
  hash       BYTEA PRIMARY KEY,
  data       BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
);
