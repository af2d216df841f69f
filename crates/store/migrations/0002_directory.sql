-- Secrets, accounts, codes, tokens, settings, configuration items.
ALTER TABLE tenant ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

CREATE TABLE device_secret (
  tenant INTEGER NOT NULL, device INTEGER NOT NULL, auth_user TEXT NOT NULL, realm TEXT NOT NULL,
  ha1_md5 BLOB NOT NULL, ha1_sha256 BLOB NOT NULL, PRIMARY KEY (tenant, device)
) WITHOUT ROWID;
CREATE UNIQUE INDEX device_secret_user ON device_secret (tenant, auth_user);
CREATE TABLE account (
  tenant INTEGER NOT NULL, door TEXT NOT NULL, user TEXT NOT NULL, password_hash TEXT NOT NULL, settings TEXT NOT NULL,
  PRIMARY KEY (tenant, door, user)
) WITHOUT ROWID;
CREATE TABLE api_code (
  tenant INTEGER NOT NULL, door TEXT NOT NULL, hash BLOB NOT NULL, label TEXT NOT NULL, settings TEXT NOT NULL,
  PRIMARY KEY (tenant, door, hash)
) WITHOUT ROWID;
CREATE TABLE token (
  tenant INTEGER NOT NULL, id TEXT NOT NULL, hash BLOB NOT NULL, scopes TEXT NOT NULL, label TEXT NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER, last_use_ms INTEGER, PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE TABLE setting (
  tenant INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, key)
) WITHOUT ROWID;
CREATE TABLE config_item (
  tenant INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (tenant, kind, id)
) WITHOUT ROWID;
