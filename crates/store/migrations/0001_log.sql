-- The log, the journal, what hangs on them, and call records.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE tenant (tenant INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);

-- Where an id is "tenant and number", it is tenant * 2^43 + number (see sqlite/mod.rs): one B-tree instead of a table
-- and its index, so one page less in every commit.

-- Blocks of gapless neighbours, see block.rs. id: tenant and first number; at_ms: the latest time within.
CREATE TABLE event_block (id INTEGER PRIMARY KEY, last INTEGER NOT NULL, at_ms INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE input_block (id INTEGER PRIMARY KEY, last INTEGER NOT NULL, at_ms INTEGER NOT NULL, bytes BLOB NOT NULL);

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, input_no INTEGER NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX snapshot_input ON snapshot (tenant, input_no);
CREATE TABLE mirror (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX mirror_seq ON mirror (tenant, seq);

CREATE TABLE leg_checkpoint (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, leg INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX leg_checkpoint_leg ON leg_checkpoint (tenant, leg);

-- id: tenant and call.
CREATE TABLE record (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  parties TEXT NOT NULL, bytes BLOB NOT NULL
);
CREATE INDEX record_started ON record (tenant, started_ms);
CREATE TABLE record_party (
  tenant INTEGER NOT NULL, party TEXT NOT NULL, started_ms INTEGER NOT NULL, call INTEGER NOT NULL,
  PRIMARY KEY (tenant, party, started_ms, call)
) WITHOUT ROWID;

-- id: tenant and stage.
CREATE TABLE stage (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, root INTEGER NOT NULL, call INTEGER NOT NULL,
  opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE INDEX stage_root ON stage (tenant, root);
CREATE INDEX stage_call ON stage (tenant, call);
CREATE INDEX stage_closed ON stage (tenant, closed_ms);

CREATE TABLE answer (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, principal TEXT NOT NULL, key TEXT NOT NULL,
  body_hash BLOB NOT NULL, at_ms INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX answer_key ON answer (tenant, principal, key);
CREATE INDEX answer_at ON answer (tenant, at_ms, id);

CREATE TABLE registration (
  tenant INTEGER NOT NULL, aor TEXT NOT NULL, contact TEXT NOT NULL, expires_ms INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (tenant, aor, contact)
) WITHOUT ROWID;
