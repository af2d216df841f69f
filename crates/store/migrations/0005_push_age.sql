-- When a push was laid, so that it can be told how long an endpoint has taken nothing. Of those laid before only a later time is known.
ALTER TABLE outbox ADD COLUMN laid_ms INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET laid_ms = due_ms;
CREATE INDEX outbox_backlog ON outbox (tenant, endpoint, due_ms, laid_ms);
