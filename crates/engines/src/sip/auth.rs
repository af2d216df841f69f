//! Who sends a request: digest authentication of devices, and bans of those who guess (RFC 3261 22, RFC 8760).

use super::SipEngine;
use ::sip::digest::{Algorithm, Credentials, Verdict, uris_agree};
use ::sip::message::{HeaderName, Headers, Message};
use ::sip::transport::Flow;
use switching::id::DeviceId;
use switching::time::Time;

/// What a request's credentials came to.
pub(super) enum Sender {
    /// It is this device.
    Device {
        /// The core's device.
        id: DeviceId,
        /// Its SIP user.
        user: String,
    },
    /// It must show credentials: 401 with these lines.
    Challenge(Headers),
}

impl SipEngine {
    pub(super) fn authenticate(&mut self, now: Time, flow: &Flow, message: &Message) -> Sender {
        let credentials = message
            .values(HeaderName::Authorization)
            .filter_map(|value| Credentials::parse(std::str::from_utf8(value).ok()?).ok())
            .find(|credentials| credentials.realm() == self.config.realm);
        let Some(credentials) = credentials else {
            let named = message.from().ok().and_then(|from| user_of(&from.uri));
            return self.challenge(now, named.as_deref(), false);
        };
        let device = self.devices.get(credentials.username());
        let offered = device.map_or(&self.config.algorithms, |device| &device.algorithms).clone();
        let ha1 = device.map(|device| device.ha1);
        let request_uri = String::from_utf8_lossy(message.request_uri_raw()).into_owned();
        let method = String::from_utf8_lossy(message.method_name()).into_owned();
        let fits = |uri: &str| uris_agree(uri, &request_uri);
        match self.digest.verify(&credentials, &method, fits, &offered, ha1.as_ref(), now.0) {
            Verdict::Accepted => match self.devices.get(credentials.username()) {
                Some(device) => Sender::Device { id: device.id, user: device.user.clone() },
                None => self.challenge(now, None, false),
            },
            Verdict::Stale => self.challenge(now, Some(credentials.username()), true),
            Verdict::Refused(refusal) => {
                if refusal.is_failure() {
                    let source = flow.remote.ip();
                    let registered = self.registrar.has_source(source);
                    self.bans.count_failure(source, registered, now.0);
                }
                self.challenge(now, Some(credentials.username()), false)
            }
        }
    }

    fn challenge(&mut self, now: Time, user: Option<&str>, stale: bool) -> Sender {
        let device = user.and_then(|user| self.devices.get(user));
        let algorithms: Vec<Algorithm> = device.map_or(&self.config.algorithms, |device| &device.algorithms).clone();
        let mut headers = Headers::none();
        for value in self.digest.challenge(&algorithms, stale, now.0) {
            headers.push("WWW-Authenticate", value);
        }
        Sender::Challenge(headers)
    }
}

/// The user part of a URI as text.
pub(super) fn user_of(uri: &sip::message::Uri<'_>) -> Option<String> {
    String::from_utf8(uri.user_unescaped()?.into_owned()).ok()
}
