-- +goose Up

-- Logins that last: whose, since when, when they were last seen, and in what
-- browser. The session's own data names its row; without it the session is over.
-- Microseconds.
CREATE TABLE user_session (
  public_id  BLOB PRIMARY KEY,
  user_id    INTEGER NOT NULL,
  begun_at   BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  client     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX user_session_user ON user_session (user_id, begun_at);
