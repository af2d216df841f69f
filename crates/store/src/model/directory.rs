//! What is configured beside the TOML file: device secrets, accounts of the doors, codes, tokens, settings and
//! configuration items. No clear password is ever a row: digest accounts keep HA1 (RFC 7616 3.4.2), door accounts an
//! argon2id hash, codes and tokens their SHA-256.

/// The digest secret of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The device.
    pub device: u64,
    /// Its user name in digest; one per device, unique in the tenant.
    pub auth_user: String,
    /// The realm that both hashes are bound to.
    pub realm: String,
    /// HA1 by MD5.
    pub ha1_md5: [u8; 16],
    /// HA1 by SHA-256.
    pub ha1_sha256: [u8; 32],
}

/// A login at one door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The door (dialect instance).
    pub door: String,
    /// The user name, unique at its door.
    pub user: String,
    /// argon2id in PHC form, from [`crate::secret::password_hash`].
    pub password_hash: String,
    /// JSON that the door understands.
    pub settings: String,
}

/// A code that a vendor's requests carry instead of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCode {
    /// The door.
    pub door: String,
    /// SHA-256 of the code.
    pub hash: [u8; 32],
    /// For people.
    pub label: String,
    /// JSON that the door understands.
    pub settings: String,
}

/// A bearer token of our own API (CONSOLE A4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The readable part between the underscores.
    pub id: String,
    /// SHA-256 of the whole token text.
    pub hash: [u8; 32],
    /// Scopes and reach, as text.
    pub scopes: String,
    /// For people.
    pub label: String,
    /// When it was made.
    pub created_ms: u64,
    /// When it lapses, if ever.
    pub expires_ms: Option<u64>,
    /// When it was last seen.
    pub last_use_ms: Option<u64>,
}

/// One configuration item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigItem {
    /// What it is (`extension`, `trunk`, ...).
    pub kind: String,
    /// Which one.
    pub id: String,
    /// Rises with every write in the tenant and never repeats: the entity tag.
    pub revision: u64,
    /// The encoded item.
    pub bytes: Vec<u8>,
}

/// One change of the directory. A list of them is applied all or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryWrite {
    /// Set or replace a device's secret.
    PutDeviceSecret(DeviceSecret),
    /// Forget a device's secret.
    DropDeviceSecret {
        /// The device.
        device: u64,
    },
    /// Set or replace an account.
    PutAccount(Account),
    /// Forget an account.
    DropAccount {
        /// Its door.
        door: String,
        /// Its user.
        user: String,
    },
    /// Set or replace a code.
    PutApiCode(ApiCode),
    /// Forget a code.
    DropApiCode {
        /// Its door.
        door: String,
        /// Its hash.
        hash: [u8; 32],
    },
    /// Set or replace a token.
    PutToken(Token),
    /// Note that a token was used; an unknown one is ignored.
    TouchToken {
        /// The token.
        id: String,
        /// When.
        at_ms: u64,
    },
    /// Forget a token.
    DropToken {
        /// The token.
        id: String,
    },
    /// Set a setting, or forget it.
    PutSetting {
        /// Its name.
        key: String,
        /// Its value; `None` forgets it.
        value: Option<String>,
    },
    /// Set a configuration item, or forget it.
    PutConfig {
        /// What it is.
        kind: String,
        /// Which one.
        id: String,
        /// The encoded item; `None` forgets it.
        bytes: Option<Vec<u8>>,
    },
}

impl DirectoryWrite {
    /// Whether it outdates what was read of the directory before. A note that a token was used does not.
    pub(crate) const fn is_change(&self) -> bool {
        match self {
            Self::PutDeviceSecret(_)
            | Self::DropDeviceSecret { .. }
            | Self::PutAccount(_)
            | Self::DropAccount { .. }
            | Self::PutApiCode(_)
            | Self::DropApiCode { .. }
            | Self::PutToken(_)
            | Self::DropToken { .. }
            | Self::PutSetting { .. }
            | Self::PutConfig { .. } => true,
            Self::TouchToken { .. } => false,
        }
    }
}
