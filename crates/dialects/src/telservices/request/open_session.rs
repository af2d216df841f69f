//! openSession (TEL-REQ-01, TEL-SES-03 to TEL-SES-07, TEL-SES-11).

use super::super::error::TelError;
use super::super::session::Client as Registered;
use super::super::wire::OpenSession;
use super::super::{DOOR, Door, id};
use super::{Client, Done};
use crate::common::ask::{AUTHORISED, Ask};
use crate::common::attempts::{CREDENTIAL_LEN_MAX, NotIn};

/// The role of an account that may authorise devices.
const ADMINISTRATOR: &str = "operator";

impl Door {
    pub(super) async fn open_session(&self, open: OpenSession, client: Client) -> Done {
        self.attend();
        let device = self.device(&open.device);
        self.check_credentials(&open, client).await?;
        let sessions_max = self.0.config.sessions_max;
        let (key, watched, is_open) = self.0.stream.sessions(|sessions, _, _| {
            let key = sessions.find(&open.device, device);
            if key.is_none() && sessions.len() >= sessions_max {
                return Err(TelError::SessionLimitExceeded);
            }
            let is_open = key.is_some();
            let key = key.unwrap_or_else(|| id::key(&open.device));
            let watched = sessions.get(&key).and_then(|session| session.device);
            Ok((key, watched, is_open))
        })?;
        let device = match (watched, open.monitor) {
            (Some(device), _) => Some(device),
            // The watching of a session that is there was put off until now: when it is refused, that session is over.
            (None, true) if is_open => Some(self.monitor_late(&key, client).await?),
            (None, true) => Some(self.monitor(&open.device, client).await?),
            (None, false) => None,
        };
        let clock = self.0.exchange.clock();
        let (now, first_seq) = (clock.now(), self.0.exchange.seq() + 1);
        let timeout_ms = open.timeout_s.map(|s| s.saturating_mul(1_000));
        let registered = Registered {
            ip: client.ip,
            port: open.event_port,
            level: open.level,
            timeout_ms,
            expires: timeout_ms.map(|ms| now.after_ms(ms)),
            closes: None,
        };
        let done = self.0.stream.sessions(|sessions, _, _| {
            // Others may have opened theirs meanwhile.
            if sessions.get(&key).is_none() && sessions.len() >= sessions_max {
                return Err(TelError::SessionLimitExceeded);
            }
            sessions.open(&key, &open.device, first_seq);
            if let Some(device) = device {
                sessions.watch(&key, device);
            }
            if sessions.register(&key, registered) { Ok(None) } else { Err(TelError::ResourceError) }
        });
        self.0.timers.notify_one();
        if let (Ok(_), Some(device)) = (&done, device) {
            self.keep_watching(device, client).await;
        }
        done
    }

    /// Whoever opens a device's session first has to be an administrator, where the settings say so; afterwards the device is
    /// authorised for good (TEL-SES-05).
    async fn check_credentials(&self, open: &OpenSession, client: Client) -> Result<(), TelError> {
        let config = &self.0.config;
        if !config.authenticate && config.administrator.is_none() {
            return Ok(());
        }
        let (door, list, name) = (DOOR.to_owned(), AUTHORISED.to_owned(), id::key(&open.device));
        let kept = self.ask(|back| Ask::Kept { door, list, back }).await?;
        if kept.contains(&name) {
            self.note_wrong_credentials(open, client, &name).await;
            return Ok(());
        }
        if let Err(error) = self.is_administrator(open).await {
            tracing::warn!(dialect = DOOR, client = %client.ip, device = name, error = error.name(), "not authorised");
            return Err(error);
        }
        let (door, list, kept) = (DOOR.to_owned(), AUTHORISED.to_owned(), true);
        self.ask(|back| Ask::Keep { door, list, name, kept, back }).await?;
        Ok(())
    }

    /// Wrong credentials on a device that is authorised are taken and noted. They lock nobody out: a client that was installed
    /// with them would lock its administrator out again and again.
    async fn note_wrong_credentials(&self, open: &OpenSession, client: Client, name: &str) {
        let (Some(user), Some(password)) = (open.user.clone(), open.password.clone()) else { return };
        if user.len() > CREDENTIAL_LEN_MAX || password.len() > CREDENTIAL_LEN_MAX {
            return;
        }
        let login = |back| Ask::Login { door: DOOR.to_owned(), user, password, otherwise: None, back };
        if let Ok(None) = self.0.exchange.ask(login).await {
            tracing::warn!(dialect = DOOR, client = %client.ip, device = name, "wrong user or password, not needed");
        }
    }

    async fn is_administrator(&self, open: &OpenSession) -> Result<(), TelError> {
        let (Some(user), Some(password)) = (&open.user, &open.password) else {
            return Err(TelError::InvalidCredentials);
        };
        let config = &self.0.config;
        let is_named = config.administrator.as_ref() == Some(user);
        if !is_named && !config.authenticate {
            return Err(TelError::InvalidCredentials);
        }
        let known = self.0.attempts.admit(&self.0.exchange, user, password).await.map_err(|not_in| match not_in {
            NotIn::Wrong | NotIn::Locked => TelError::InvalidCredentials,
            NotIn::Stopping => TelError::PbxlinkOutOfService,
        })?;
        let has_role = known.settings.get("role").is_some_and(|role| role == ADMINISTRATOR);
        if is_named || has_role { Ok(()) } else { Err(TelError::InvalidCredentials) }
    }
}
