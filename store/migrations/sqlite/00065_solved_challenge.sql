-- +goose Up

-- What browsers worked out for forms that ask for it, by the signature of what was
-- asked. Each counts once, and is forgotten once its time is over.
CREATE TABLE solved_challenge (
    signature  BLOB  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX solved_challenge_expiry ON solved_challenge (expires_at);
