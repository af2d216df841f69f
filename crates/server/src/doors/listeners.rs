//! The doors' listeners, bound and not served yet: clients that come early wait in the backlog.

use super::DOORS;
use crate::config::{Config, bind_advice};
use anyhow::{Context, anyhow};
use std::net::{SocketAddr, TcpListener};

/// Key of the listener that all doors share.
pub const SHARED_HTTP: &str = "shared_http";

/// Sockets that are bound and not served yet.
pub struct Listeners(Vec<(&'static str, TcpListener)>);

impl Listeners {
    /// Binds what the configuration names and a door of this version serves.
    ///
    /// # Errors
    ///
    /// When an address is taken or needs rights; the error says what to do.
    pub fn bind(config: &Config) -> anyhow::Result<Self> {
        let served = |key: &str| key == SHARED_HTTP || DOORS.iter().any(|(keys, _)| keys.contains(&key));
        let doors = config.listen.all().into_iter().filter(|(key, ..)| served(key));
        doors.map(|(key, _, address)| Ok((key, bind_one(key, address)?))).collect::<anyhow::Result<_>>().map(Self)
    }

    /// Every bound listener by its key in `listen.json`.
    #[must_use]
    pub fn bound(&self) -> Vec<(&'static str, SocketAddr)> {
        self.0.iter().filter_map(|(key, listener)| Some((*key, listener.local_addr().ok()?))).collect()
    }

    /// Takes one out, to serve it on the present runtime.
    pub fn take(&mut self, key: &str) -> Option<tokio::net::TcpListener> {
        let index = self.0.iter().position(|(known, _)| *known == key)?;
        let (key, listener) = self.0.swap_remove(index);
        let taken = tokio::net::TcpListener::from_std(listener);
        taken.inspect_err(|error| tracing::error!(key, %error, "a listener cannot be served")).ok()
    }
}

fn bind_one(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| anyhow!(bind_advice(key, address, &error)))?;
    listener.set_nonblocking(true).context("preparing a listener")?;
    Ok(listener)
}
