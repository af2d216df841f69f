//! Secrets, accounts, codes, tokens, settings and configuration items.

use super::{Memory, Rows};
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::directory::{Account, ApiCode, ConfigItem, DeviceSecret, DirectoryWrite, Token};

impl Memory {
    /// Applies changes of the directory.
    pub fn write_directory(&mut self, tenant: Tenant, writes: &[DirectoryWrite]) -> Result<(), StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        writes.iter().for_each(|write| rows.write_directory(write));
        state.directory_version += u64::from(writes.iter().any(DirectoryWrite::is_change));
        Ok(())
    }
}

impl Rows {
    pub(super) fn write_directory(&mut self, write: &DirectoryWrite) {
        match write {
            DirectoryWrite::PutDeviceSecret(secret) => {
                self.secrets.retain(|_, other| other.auth_user != secret.auth_user);
                self.secrets.insert(secret.device, secret.clone());
            }
            DirectoryWrite::DropDeviceSecret { device } => {
                self.secrets.remove(device);
            }
            DirectoryWrite::PutAccount(account) => {
                self.accounts.insert((account.door.clone(), account.user.clone()), account.clone());
            }
            DirectoryWrite::DropAccount { door, user } => {
                self.accounts.remove(&(door.clone(), user.clone()));
            }
            DirectoryWrite::PutApiCode(code) => {
                self.codes.insert((code.door.clone(), code.hash), code.clone());
            }
            DirectoryWrite::DropApiCode { door, hash } => {
                self.codes.remove(&(door.clone(), *hash));
            }
            DirectoryWrite::PutToken(token) => {
                self.tokens.insert(token.id.clone(), token.clone());
            }
            DirectoryWrite::TouchToken { id, at_ms } => {
                if let Some(token) = self.tokens.get_mut(id) {
                    token.last_use_ms = Some(*at_ms);
                }
            }
            DirectoryWrite::DropToken { id } => {
                self.tokens.remove(id);
            }
            DirectoryWrite::PutSetting { key, value } => {
                match value {
                    Some(value) => self.settings.insert(key.clone(), value.clone()),
                    None => self.settings.remove(key),
                };
            }
            DirectoryWrite::PutConfig { kind, id, bytes } => self.put_config(kind, id, bytes.as_ref()),
        }
    }

    fn put_config(&mut self, kind: &str, id: &str, bytes: Option<&Vec<u8>>) {
        self.head.revision += 1;
        let key = (kind.to_owned(), id.to_owned());
        match bytes {
            Some(bytes) => {
                let (kind, id) = key.clone();
                let item = ConfigItem { kind, id, revision: self.head.revision, bytes: bytes.clone() };
                self.configs.insert(key, item);
            }
            None => {
                self.configs.remove(&key);
            }
        }
    }

    pub(crate) fn device_secret(&self, device: u64) -> Option<DeviceSecret> {
        self.secrets.get(&device).cloned()
    }

    pub(crate) fn device_secret_of_user(&self, auth_user: &str) -> Option<DeviceSecret> {
        self.secrets.values().find(|secret| secret.auth_user == auth_user).cloned()
    }

    pub(crate) fn device_secrets(&self) -> Vec<DeviceSecret> {
        self.secrets.values().cloned().collect()
    }

    pub(crate) fn account(&self, door: &str, user: &str) -> Option<Account> {
        self.accounts.get(&(door.to_owned(), user.to_owned())).cloned()
    }

    pub(crate) fn all_accounts(&self) -> Vec<Account> {
        self.accounts.values().cloned().collect()
    }

    pub(crate) fn api_code(&self, door: &str, hash: &[u8; 32]) -> Option<ApiCode> {
        self.codes.get(&(door.to_owned(), *hash)).cloned()
    }

    pub(crate) fn api_codes(&self) -> Vec<ApiCode> {
        self.codes.values().cloned().collect()
    }

    pub(crate) fn token(&self, id: &str) -> Option<Token> {
        self.tokens.get(id).cloned()
    }

    pub(crate) fn all_tokens(&self) -> Vec<Token> {
        self.tokens.values().cloned().collect()
    }

    pub(crate) fn setting(&self, key: &str) -> Option<String> {
        self.settings.get(key).cloned()
    }

    pub(crate) fn all_settings(&self) -> Vec<(String, String)> {
        self.settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(crate) fn config(&self, kind: &str, id: &str) -> Option<ConfigItem> {
        self.configs.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    pub(crate) fn configs_of(&self, kind: Option<&str>) -> Vec<ConfigItem> {
        self.configs.values().filter(|item| kind.is_none_or(|kind| item.kind == kind)).cloned().collect()
    }
}
