//! Who asks: a bearer token, a login's cookie, or a ticket where no header can be set.

use super::Door;
use super::declared;
use super::operation::Method;
use super::problem::{Done, Problem};
use super::query::Query;
use crate::common::ask::{Ask, Identity};
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::net::{IpAddr, SocketAddr};

/// All scopes there are; `*` in an identity stands for all but `system`.
pub const SCOPES: &[&str] = &[
    "calls:read",
    "calls:control",
    "calls:supervise",
    "calls:trace",
    "directory:read",
    "config:read",
    "config:write",
    "records:read",
    "tokens:write",
    "test",
    "system",
];
/// Octets of a credential.
const CREDENTIAL_LEN_MAX: usize = 512;

/// How somebody proved who they are; kept so that a stream can ask again whether it still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing was asked.
    Nothing,
    /// A bearer token.
    Token(String),
    /// A login: the secret of its cookie.
    Login(String),
}

/// Somebody.
#[derive(Debug, Clone)]
pub struct Who {
    /// The account or token.
    pub account: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// How it was proven.
    pub credential: Credential,
    /// Where the request came from.
    pub from: Option<IpAddr>,
}

impl Who {
    /// Nobody in particular.
    #[must_use]
    pub fn nobody() -> Self {
        Self { account: String::new(), scopes: Vec::new(), credential: Credential::Nothing, from: None }
    }

    /// Somebody with an identity.
    #[must_use]
    pub fn of(identity: Identity, credential: Credential, from: Option<IpAddr>) -> Self {
        Self { account: identity.account, scopes: identity.scopes, credential, from }
    }

    /// Whether a scope is among what it may do.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| match known.as_str() {
            "*" | "operator" => scope != "system",
            known => {
                known == scope || known.strip_suffix(":*").is_some_and(|family| scope.split(':').next() == Some(family))
            }
        })
    }

    /// The scopes, each by its name.
    #[must_use]
    pub fn scope_names(&self) -> Vec<&'static str> {
        SCOPES.iter().copied().filter(|scope| self.may(scope)).collect()
    }

    /// A browser sends a cookie by itself, so a write with one has to come from our own pages.
    ///
    /// # Errors
    ///
    /// `origin`.
    pub fn check_origin(&self, door: &Door, method: Method, headers: &HeaderMap) -> Done<()> {
        match &self.credential {
            Credential::Login(_) if !method.is_read() => own_origin(door, headers, false),
            Credential::Login(_) | Credential::Token(_) | Credential::Nothing => Ok(()),
        }
    }

    /// Whether the credential still holds and allows this.
    ///
    /// # Errors
    ///
    /// When the exchange is stopping.
    pub async fn still_may(&self, door: &Door, scope: &str) -> Done<bool> {
        Ok(match &self.credential {
            Credential::Nothing => false,
            Credential::Token(text) => identity_of(door, text.clone(), self.from)
                .await?
                .is_some_and(|identity| Self::of(identity, Credential::Nothing, self.from).may(scope)),
            Credential::Login(secret) => door.sessions().find(secret, door.exchange().clock().now()).is_some(),
        })
    }
}

/// Refuses a request whose `Origin` is not ours; one without is let through where `may_lack`.
///
/// # Errors
///
/// `origin`.
pub fn own_origin(door: &Door, headers: &HeaderMap, may_lack: bool) -> Done<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if door.config().is_secure() { "https" } else { "http" };
    let right = match text(header::ORIGIN) {
        None => may_lack,
        // The cookie belongs to the host it was set for, so the host that was asked is ours.
        Some(origin) => {
            door.config().origin.as_deref() == Some(origin)
                || text(header::HOST).is_some_and(|host| origin == format!("{scheme}://{host}"))
        }
    };
    if right { Ok(()) } else { Err(Problem::of(declared::ORIGIN)) }
}

/// Finds out who asks.
///
/// # Errors
///
/// `unauthenticated`.
pub async fn authenticate(door: &Door, parts: &Parts, query: &Query) -> Done<Who> {
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let text = value.to_str().ok().and_then(bearer).ok_or_else(unauthenticated)?;
        let identity = identity_of(door, text.to_owned(), from).await?.ok_or_else(unauthenticated)?;
        return Ok(Who::of(identity, Credential::Token(text.to_owned()), from));
    }
    let now = door.exchange().clock().now();
    if let Some(secret) = door.sessions().cookie_of(&parts.headers).filter(|_| door.cookies) {
        let session = door.sessions().find(&secret, now).ok_or_else(unauthenticated)?;
        let credential = Credential::Login(secret);
        return Ok(Who { account: session.account, scopes: session.scopes, credential, from });
    }
    let ticket = query.text("ticket").ok_or_else(unauthenticated)?;
    let who = door.sessions().redeem(ticket, now).ok_or_else(unauthenticated)?;
    // What the ticket was bought with may have ended since.
    let who = Who { from, ..who };
    if who.still_may(door, "calls:read").await? { Ok(who) } else { Err(unauthenticated()) }
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && (1..=CREDENTIAL_LEN_MAX).contains(&token.len())).then_some(token)
}

async fn identity_of(door: &Door, text: String, from: Option<IpAddr>) -> Done<Option<Identity>> {
    Ok(door.exchange().ask(|back| Ask::Token { text, from, back }).await?)
}

/// The refusal of somebody unknown.
#[must_use]
pub fn unauthenticated() -> Problem {
    Problem::of(declared::UNAUTHENTICATED)
}
