-- Pushes to other servers and the place in the log up to which each endpoint's pushes are laid.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, endpoint TEXT NOT NULL, order_key TEXT NOT NULL,
  message TEXT NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX outbox_message ON outbox (tenant, endpoint, message);
CREATE INDEX outbox_order ON outbox (tenant, endpoint, order_key, id);
CREATE INDEX outbox_due ON outbox (tenant, due_ms, id);
CREATE TABLE cursor (
  tenant INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
