//! Secrets, accounts, codes, tokens, settings and configuration items.

use rusqlite::{Connection, TransactionBehavior, params};

use super::append::{head_of, put_revision};
use super::{Sqlite, int};
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::directory::{DeviceSecret, DirectoryWrite, Token};

impl Sqlite {
    /// Applies changes of the directory, all or none; always survives a loss of power.
    pub fn write_directory(&mut self, tenant: Tenant, writes: &[DirectoryWrite]) -> Result<(), StoreError> {
        self.set_fsync(true)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut revision = head_of(&tx, tenant)?.revision;
        for one in writes {
            write(&tx, tenant, one, &mut revision)?;
        }
        put_revision(&tx, tenant, revision)?;
        tx.commit()?;
        if writes.iter().any(DirectoryWrite::is_change) {
            self.directory_changed();
        }
        Ok(())
    }
}

/// One change within somebody's transaction.
pub(super) fn write(
    conn: &Connection,
    tenant: Tenant,
    write: &DirectoryWrite,
    revision: &mut u64,
) -> Result<(), StoreError> {
    macro_rules! run {
        ($sql:literal, $($value:expr),*) => {{ conn.prepare_cached($sql)?.execute(params![tenant, $($value),*])?; }};
    }
    match write {
        DirectoryWrite::PutDeviceSecret(secret) => put_device_secret(conn, tenant, secret)?,
        DirectoryWrite::DropDeviceSecret { device } => {
            run!("DELETE FROM device_secret WHERE tenant = ?1 AND device = ?2", int(*device));
        }
        DirectoryWrite::PutAccount(a) => run!(
            "INSERT OR REPLACE INTO account (tenant, door, user, password_hash, settings) VALUES (?1, ?2, ?3, ?4, ?5)",
            a.door,
            a.user,
            a.password_hash,
            a.settings
        ),
        DirectoryWrite::DropAccount { door, user } => {
            run!("DELETE FROM account WHERE tenant = ?1 AND door = ?2 AND user = ?3", door, user);
        }
        DirectoryWrite::PutApiCode(c) => run!(
            "INSERT OR REPLACE INTO api_code (tenant, door, hash, label, settings) VALUES (?1, ?2, ?3, ?4, ?5)",
            c.door,
            c.hash,
            c.label,
            c.settings
        ),
        DirectoryWrite::DropApiCode { door, hash } => {
            run!("DELETE FROM api_code WHERE tenant = ?1 AND door = ?2 AND hash = ?3", door, hash);
        }
        DirectoryWrite::PutToken(token) => put_token(conn, tenant, token)?,
        DirectoryWrite::TouchToken { id, at_ms } => {
            run!("UPDATE token SET last_use_ms = ?3 WHERE tenant = ?1 AND id = ?2", id, int(*at_ms));
        }
        DirectoryWrite::DropToken { id } => run!("DELETE FROM token WHERE tenant = ?1 AND id = ?2", id),
        DirectoryWrite::PutSetting { key, value: Some(value) } => {
            run!("INSERT OR REPLACE INTO setting (tenant, key, value) VALUES (?1, ?2, ?3)", key, value);
        }
        DirectoryWrite::PutSetting { key, value: None } => {
            run!("DELETE FROM setting WHERE tenant = ?1 AND key = ?2", key);
        }
        DirectoryWrite::PutConfig { kind, id, bytes } => {
            *revision += 1;
            match bytes {
                Some(bytes) => run!(
                    "INSERT OR REPLACE INTO config_item (tenant, kind, id, revision, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
                    kind,
                    id,
                    int(*revision),
                    bytes
                ),
                None => run!("DELETE FROM config_item WHERE tenant = ?1 AND kind = ?2 AND id = ?3", kind, id),
            }
        }
    }
    Ok(())
}

/// A user name belongs to one device: the newest claim has it, as on the other back ends.
fn put_device_secret(conn: &Connection, tenant: Tenant, secret: &DeviceSecret) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO device_secret (tenant, device, auth_user, realm, ha1_md5, ha1_sha256)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let DeviceSecret { device, auth_user, realm, ha1_md5, ha1_sha256 } = secret;
    conn.prepare_cached(sql)?.execute(params![tenant, int(*device), auth_user, realm, ha1_md5, ha1_sha256])?;
    Ok(())
}

fn put_token(conn: &Connection, tenant: Tenant, token: &Token) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO token (tenant, id, hash, scopes, label, created_ms, expires_ms, last_use_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (expires_ms, last_use_ms) = (token.expires_ms.map(int), token.last_use_ms.map(int));
    let row = params![
        tenant,
        token.id,
        token.hash,
        token.scopes,
        token.label,
        int(token.created_ms),
        expires_ms,
        last_use_ms
    ];
    conn.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// The reads, on any connection.
pub(crate) mod read {
    use rusqlite::{Connection, OptionalExtension, Params, Row, params};

    use crate::error::StoreError;
    use crate::model::Tenant;
    use crate::model::directory::{Account, ApiCode, ConfigItem, DeviceSecret, Token};
    use crate::sqlite::{int, uint};

    const SECRET: &str = "SELECT device, auth_user, realm, ha1_md5, ha1_sha256 FROM device_secret WHERE tenant = ?1";

    fn one<T>(
        conn: &Connection,
        sql: &str,
        params: impl Params,
        map: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    fn many<T>(
        conn: &Connection,
        sql: &str,
        params: impl Params,
        map: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params, map)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn secret_row(row: &Row<'_>) -> rusqlite::Result<DeviceSecret> {
        let (device, auth_user, realm) = (uint(row, 0)?, row.get(1)?, row.get(2)?);
        Ok(DeviceSecret { device, auth_user, realm, ha1_md5: row.get(3)?, ha1_sha256: row.get(4)? })
    }

    pub(crate) fn device_secret(conn: &Connection, t: Tenant, device: u64) -> Result<Option<DeviceSecret>, StoreError> {
        one(conn, &format!("{SECRET} AND device = ?2"), params![t, int(device)], secret_row)
    }

    pub(crate) fn device_secret_of_user(
        conn: &Connection,
        tenant: Tenant,
        auth_user: &str,
    ) -> Result<Option<DeviceSecret>, StoreError> {
        one(conn, &format!("{SECRET} AND auth_user = ?2"), params![tenant, auth_user], secret_row)
    }

    pub(crate) fn device_secrets(conn: &Connection, tenant: Tenant) -> Result<Vec<DeviceSecret>, StoreError> {
        many(conn, &format!("{SECRET} ORDER BY device"), params![tenant], secret_row)
    }

    fn account_row(row: &Row<'_>) -> rusqlite::Result<Account> {
        Ok(Account { door: row.get(0)?, user: row.get(1)?, password_hash: row.get(2)?, settings: row.get(3)? })
    }

    pub(crate) fn account(conn: &Connection, t: Tenant, door: &str, user: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT door, user, password_hash, settings FROM account
                   WHERE tenant = ?1 AND door = ?2 AND user = ?3";
        one(conn, sql, params![t, door, user], account_row)
    }

    pub(crate) fn accounts(conn: &Connection, tenant: Tenant) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT door, user, password_hash, settings FROM account WHERE tenant = ?1 ORDER BY door, user";
        many(conn, sql, params![tenant], account_row)
    }

    fn api_code_row(row: &Row<'_>) -> rusqlite::Result<ApiCode> {
        Ok(ApiCode { door: row.get(0)?, hash: row.get(1)?, label: row.get(2)?, settings: row.get(3)? })
    }

    pub(crate) fn api_code(
        conn: &Connection,
        tenant: Tenant,
        door: &str,
        hash: &[u8; 32],
    ) -> Result<Option<ApiCode>, StoreError> {
        let sql = "SELECT door, hash, label, settings FROM api_code WHERE tenant = ?1 AND door = ?2 AND hash = ?3";
        one(conn, sql, params![tenant, door, hash], api_code_row)
    }

    pub(crate) fn api_codes(conn: &Connection, tenant: Tenant) -> Result<Vec<ApiCode>, StoreError> {
        let sql = "SELECT door, hash, label, settings FROM api_code WHERE tenant = ?1 ORDER BY door, hash";
        many(conn, sql, params![tenant], api_code_row)
    }

    fn token_row(row: &Row<'_>) -> rusqlite::Result<Token> {
        let (expires_ms, last_use_ms): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        Ok(Token {
            id: row.get(0)?,
            hash: row.get(1)?,
            scopes: row.get(2)?,
            label: row.get(3)?,
            created_ms: uint(row, 4)?,
            expires_ms: expires_ms.map(i64::cast_unsigned),
            last_use_ms: last_use_ms.map(i64::cast_unsigned),
        })
    }

    pub(crate) fn token(conn: &Connection, tenant: Tenant, id: &str) -> Result<Option<Token>, StoreError> {
        let sql = "SELECT id, hash, scopes, label, created_ms, expires_ms, last_use_ms FROM token
                   WHERE tenant = ?1 AND id = ?2";
        one(conn, sql, params![tenant, id], token_row)
    }

    pub(crate) fn tokens(conn: &Connection, tenant: Tenant) -> Result<Vec<Token>, StoreError> {
        let sql = "SELECT id, hash, scopes, label, created_ms, expires_ms, last_use_ms FROM token
                   WHERE tenant = ?1 ORDER BY id";
        many(conn, sql, params![tenant], token_row)
    }

    pub(crate) fn setting(conn: &Connection, tenant: Tenant, key: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM setting WHERE tenant = ?1 AND key = ?2";
        one(conn, sql, params![tenant, key], |row| row.get(0))
    }

    pub(crate) fn settings(conn: &Connection, tenant: Tenant) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT key, value FROM setting WHERE tenant = ?1 ORDER BY key";
        many(conn, sql, params![tenant], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn config_row(row: &Row<'_>) -> rusqlite::Result<ConfigItem> {
        Ok(ConfigItem { kind: row.get(0)?, id: row.get(1)?, revision: uint(row, 2)?, bytes: row.get(3)? })
    }

    pub(crate) fn config(conn: &Connection, t: Tenant, kind: &str, id: &str) -> Result<Option<ConfigItem>, StoreError> {
        let sql = "SELECT kind, id, revision, bytes FROM config_item WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        one(conn, sql, params![t, kind, id], config_row)
    }

    pub(crate) fn configs(
        conn: &Connection,
        tenant: Tenant,
        kind: Option<&str>,
    ) -> Result<Vec<ConfigItem>, StoreError> {
        let sql = "SELECT kind, id, revision, bytes FROM config_item
                   WHERE tenant = ?1 AND kind = coalesce(?2, kind) ORDER BY kind, id";
        many(conn, sql, params![tenant, kind], config_row)
    }
}
