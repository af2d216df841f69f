-- The log, the journal, what hangs on them, and call records.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE tenant (
  tenant INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0,
  last_input INTEGER NOT NULL DEFAULT 0
);

-- Blocks of gapless neighbours, see block.rs; at_ms is the latest time within.
CREATE TABLE event_block (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX event_block_first ON event_block (tenant, first);
CREATE TABLE input_block (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX input_block_first ON input_block (tenant, first);

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

CREATE TABLE record (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, call INTEGER NOT NULL, started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL, parties TEXT NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX record_call ON record (tenant, call);
CREATE INDEX record_started ON record (tenant, started_ms, call);
CREATE TABLE record_party (
  tenant INTEGER NOT NULL, party TEXT NOT NULL, started_ms INTEGER NOT NULL, call INTEGER NOT NULL,
  PRIMARY KEY (tenant, party, started_ms, call)
) WITHOUT ROWID;

CREATE TABLE stage (
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, stage INTEGER NOT NULL, root INTEGER NOT NULL,
  call INTEGER NOT NULL, opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL, bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX stage_stage ON stage (tenant, stage);
CREATE INDEX stage_root ON stage (tenant, root, stage);
CREATE INDEX stage_call ON stage (tenant, call, stage);
CREATE INDEX stage_closed ON stage (tenant, closed_ms, stage);

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
