//! closeSession (TEL-REQ-02, TEL-SES-08, TEL-SES-09): calls in progress are left alone.

use super::super::Door;
use super::super::error::TelError;
use super::super::session::Close;
use super::{Client, Done};

impl Door {
    pub(super) async fn close_session(&self, number: &str, after_s: u64, client_only: bool, client: Client) -> Done {
        let device = self.device(number);
        let now = self.0.exchange.clock().now();
        let close = Close { ip: client.ip, client_only, after_ms: after_s.saturating_mul(1_000), now };
        let unwatched = self.0.stream.sessions(|sessions, out, tail| {
            let key = sessions.find(number, device).ok_or(TelError::NoOpenSession)?;
            sessions.touch(&key, client.ip, now);
            Ok::<_, TelError>(sessions.close(&key, &close, out, tail))
        })?;
        self.0.timers.notify_one();
        if let Some(device) = unwatched {
            self.unwatch(device).await;
        }
        Ok(None)
    }
}
