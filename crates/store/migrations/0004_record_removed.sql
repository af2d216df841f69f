-- Records that were taken off a list on which somebody reads them. The record itself stays for everybody else.
CREATE TABLE record_removed (
  tenant INTEGER NOT NULL, call INTEGER NOT NULL, list TEXT NOT NULL, PRIMARY KEY (tenant, call, list)
) WITHOUT ROWID;
