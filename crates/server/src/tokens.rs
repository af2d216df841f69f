//! Bearer tokens of our own API: `hsk_<id>_<32 base62>`, shown once, stored as SHA-256 (CONSOLE A4).
//!
//! Everything here blocks: for a thread that may. What a token may do is the console's to judge.

use crate::asks::fault;
use crate::config::Network;
use dialects::common::ask::{Fault, Identity, TOKENS_MAX, TokenInfo, TokenWanted};
use dialects::common::clock::Clock;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use store::secret::{self, random_base62};
use store::{DirectoryWrite, StoreError, StoreHandle, Tenant, Token};
use switching::time::Time;

/// Letters and digits of a token's id: enough that none comes twice.
const ID_LEN: usize = 12;
/// How often it is written down that a token was used, in milliseconds.
const TOUCH_EVERY_MS: u64 = 60_000;
/// What a network among a token's stored scopes begins with.
const FROM: &str = "from=";

/// The tokens of a tenant.
pub struct Tokens {
    store: StoreHandle,
    tenant: Tenant,
    clock: Clock,
    /// When their use was last written down.
    touched_ms: Mutex<HashMap<String, u64>>,
}

impl Tokens {
    /// Those in the store.
    pub fn new(store: StoreHandle, tenant: Tenant, clock: Clock) -> Self {
        Self { store, tenant, clock, touched_ms: Mutex::default() }
    }

    /// Whom a token stands for, when it is one of ours, has not lapsed, and may come from there.
    pub fn admit(&self, text: &str, from: Option<IpAddr>) -> Option<Identity> {
        let id = secret::token_id(text)?;
        let tenant = self.tenant;
        let token = self.store.reader().read(|view| view.token(tenant, id)).ok()??;
        let now_ms = self.unix_ms(self.clock.now());
        let info = self.info(&token);
        let valid = secret::same(&token.hash, &secret::sha256(text.as_bytes()))
            && token.expires_ms.is_none_or(|expires| now_ms < expires)
            && (info.wanted.networks.is_empty() || from.is_none_or(|from| holds(&info.wanted.networks, from)));
        if !valid {
            return None;
        }
        self.touch(id, now_ms);
        Some(Identity { account: token.id.clone(), scopes: info.wanted.scopes, settings: BTreeMap::new() })
    }

    /// All, oldest first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn list(&self) -> Result<Vec<TokenInfo>, Fault> {
        let mut tokens = self.stored()?;
        tokens.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
        Ok(tokens.iter().map(|token| self.info(token)).collect())
    }

    /// Makes one; gives it with its text.
    ///
    /// # Errors
    ///
    /// When there are too many, a network is none, or the store fails.
    pub fn make(&self, wanted: TokenWanted) -> Result<(TokenInfo, String), Fault> {
        if let Some(wrong) = wanted.networks.iter().find(|text| text.parse::<Network>().is_err()) {
            return Err(Fault::Value(format!("networks: {wrong} is no network as 192.0.2.0/24 is one")));
        }
        if self.stored()?.len() >= TOKENS_MAX {
            return Err(Fault::Value(format!("there are {TOKENS_MAX} tokens; delete some")));
        }
        let token = secret::new_token(&random_base62(ID_LEN).map_err(fault)?).map_err(fault)?;
        let words =
            wanted.scopes.iter().cloned().chain(wanted.networks.iter().map(|network| format!("{FROM}{network}")));
        let stored = Token {
            id: token.id,
            hash: token.hash,
            scopes: words.collect::<Vec<_>>().join(" "),
            label: wanted.label,
            created_ms: self.unix_ms(self.clock.now()),
            expires_ms: wanted.expires.map(|at| self.unix_ms(at)),
            last_use_ms: None,
        };
        let info = self.info(&stored);
        self.write(vec![DirectoryWrite::PutToken(stored)])?;
        Ok((info, token.text))
    }

    /// Ends one.
    ///
    /// # Errors
    ///
    /// When there is none, or the store fails.
    pub fn end(&self, id: String) -> Result<(), Fault> {
        let tenant = self.tenant;
        let known = self.store.reader().read(|view| view.token(tenant, &id)).map_err(fault)?;
        if known.is_none() {
            return Err(Fault::NotFound);
        }
        self.touched_ms.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.write(vec![DirectoryWrite::DropToken { id }])
    }

    fn stored(&self) -> Result<Vec<Token>, Fault> {
        let tenant = self.tenant;
        self.store.reader().read(|view| view.tokens(tenant)).map_err(fault)
    }

    fn write(&self, writes: Vec<DirectoryWrite>) -> Result<(), Fault> {
        let tenant = self.tenant;
        self.store.call(move |store| store.write_directory(tenant, &writes)).map_err(fault)
    }

    /// Notes behind the request's back that a token was used, now and then.
    fn touch(&self, id: &str, now_ms: u64) {
        let mut touched = self.touched_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let due = touched.get(id).is_none_or(|at| now_ms >= at.saturating_add(TOUCH_EVERY_MS));
        if !due {
            return;
        }
        touched.insert(id.to_owned(), now_ms);
        let (tenant, write) = (self.tenant, DirectoryWrite::TouchToken { id: id.to_owned(), at_ms: now_ms });
        let task = self.store.run(Box::new(move |store| {
            if let Err(error) = store.write_directory(tenant, &[write]) {
                tracing::warn!(%error, "a token's use was not noted");
            }
        }));
        if task.is_err() {
            tracing::debug!("the store has no time to note a token's use");
        }
    }

    fn info(&self, token: &Token) -> TokenInfo {
        let (networks, scopes) = token.scopes.split_whitespace().partition::<Vec<_>, _>(|word| word.starts_with(FROM));
        TokenInfo {
            id: token.id.clone(),
            wanted: TokenWanted {
                label: token.label.clone(),
                scopes: scopes.into_iter().map(str::to_owned).collect(),
                networks: networks.into_iter().filter_map(|word| word.strip_prefix(FROM)).map(str::to_owned).collect(),
                expires: token.expires_ms.map(|at_ms| self.time(at_ms)),
            },
            created: self.time(token.created_ms),
            last_use: token.last_use_ms.map(|at_ms| self.time(at_ms)),
        }
    }

    fn unix_ms(&self, at: Time) -> u64 {
        u64::try_from(self.clock.unix_ms(at)).unwrap_or(0)
    }

    fn time(&self, unix_ms: u64) -> Time {
        self.clock.at_unix_ms(i64::try_from(unix_ms).unwrap_or(i64::MAX))
    }
}

fn holds(networks: &[String], from: IpAddr) -> bool {
    networks.iter().filter_map(|text| text.parse::<Network>().ok()).any(|network| network.contains(from))
}

/// Writes that make an operator token; the text is shown once.
///
/// # Errors
///
/// When the system gives no random octets.
pub fn operator_token(now_ms: u64) -> Result<(String, DirectoryWrite), StoreError> {
    let token = secret::new_token("operator")?;
    let stored = store::Token {
        id: token.id,
        hash: token.hash,
        scopes: "*".to_owned(),
        label: "command line on this machine".to_owned(),
        created_ms: now_ms,
        expires_ms: None,
        last_use_ms: None,
    };
    Ok((token.text, DirectoryWrite::PutToken(stored)))
}
