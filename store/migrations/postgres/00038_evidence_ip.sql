-- +goose Up

-- Whole IP addresses beside the evidence of acts under the policy "full": the
-- evidence commits to a digest of each, so that address and nonce can be emptied
-- without it (requirements-mail F.7).
CREATE TABLE evidence_ip (
  seq          BIGINT PRIMARY KEY, -- the line of the ledger
  subscriber_id BIGINT NOT NULL,
  purpose_id    BIGINT NOT NULL,
  at            BIGINT  NOT NULL, -- of the act
  address       TEXT COLLATE "C" NOT NULL, -- empty: reduced
  nonce         TEXT COLLATE "C" NOT NULL, -- hexadecimal
  reduced_at    BIGINT  NOT NULL  -- 0: not yet
);
CREATE INDEX evidence_ip_subscriber ON evidence_ip (subscriber_id);
CREATE INDEX evidence_ip_whole ON evidence_ip (at) WHERE reduced_at = 0;
