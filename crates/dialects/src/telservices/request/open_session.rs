//! openSession (TEL-REQ-01, TEL-SES-03 to TEL-SES-07, TEL-SES-11).

use super::super::Door;
use super::super::error::TelError;
use super::super::session::Client as Registered;
use super::super::wire::OpenSession;
use super::{Client, Done};
use crate::common::ask::Ask;

impl Door {
    pub(super) async fn open_session(&self, open: OpenSession, client: Client) -> Done {
        self.attend();
        let device = self.device(&open.device);
        self.check_credentials(&open, client).await?;
        let sessions_max = self.0.config.sessions_max;
        let (key, watched) = self.0.stream.sessions(|sessions, _, _| {
            let key = sessions.find(&open.device, device);
            if key.is_none() && sessions.len() >= sessions_max {
                return Err(TelError::SessionLimitExceeded);
            }
            let key = key.unwrap_or_else(|| open.device.clone());
            let watched = sessions.get(&key).and_then(|session| session.device);
            Ok((key, watched))
        })?;
        let device = match (watched, open.monitor) {
            (Some(device), _) => Some(device),
            (None, true) => Some(self.monitor(&key, client).await?),
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
            sessions.open(&key, first_seq);
            if let Some(device) = device {
                sessions.watch(&key, device);
            }
            if sessions.register(&key, registered) { Ok(None) } else { Err(TelError::ResourceError) }
        });
        self.0.timers.notify_one();
        done
    }

    /// Whoever opens a device's session first has to be known, where the settings say so (TEL-SES-05).
    async fn check_credentials(&self, open: &OpenSession, client: Client) -> Result<(), TelError> {
        if !self.0.config.authenticate {
            return Ok(());
        }
        let device = self.device(&open.device);
        if device.is_some_and(|device| self.is_authorised(device)) {
            return Ok(());
        }
        let (Some(user), Some(password)) = (open.user.clone(), open.password.clone()) else {
            return Err(TelError::InvalidCredentials);
        };
        let login = |back| Ask::Login { door: "telservices".to_owned(), user, password, back };
        let known = self.0.exchange.ask(login).await?;
        if known.is_none() {
            tracing::warn!(dialect = "telservices", client = %client.ip, "wrong user or password");
            return Err(TelError::InvalidCredentials);
        }
        if let Some(device) = device {
            self.authorise(device);
        }
        Ok(())
    }
}
