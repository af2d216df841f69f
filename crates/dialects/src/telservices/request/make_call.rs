//! makeCall (TEL-REQ-14): the phone goes off-hook, then the number is dialled. A destination that cannot be reached is told by
//! events, not by the return.

use super::super::error::TelError;
use super::super::{Door, id};
use super::{Client, Done};
use std::collections::BTreeMap;
use switching::command::{DestinationCheck, DeviceName, LegOptions, MakeCall, Verb};
use switching::model::{FailTone, Prompt};

/// How long a caller hears that its call failed, in milliseconds, unless it hangs up.
const FAIL_TONE_MS: u64 = 30_000;

impl Door {
    pub(super) async fn make_call(&self, number: &str, called: &str, extra: Option<String>, client: Client) -> Done {
        let to = id::number(called).ok_or(TelError::Reject)?;
        let device = self.device(number);
        let now = self.0.exchange.clock().now();
        self.0.stream.sessions(|sessions, _, _| {
            if let Some(key) = sessions.find(number, device) {
                sessions.touch(&key, client.ip, now);
            }
        });
        self.0.timers.notify_one();
        // A number that nobody has is the exchange's to refuse.
        let from = device.map(DeviceName::Id).or_else(|| id::number(number).map(DeviceName::Number));
        let from = from.ok_or(TelError::PbxReject)?;
        let make = MakeCall {
            from,
            to,
            prompt: Prompt::OffHook,
            first: LegOptions { must_be_registered: true, ..LegOptions::default() },
            second: LegOptions::default(),
            as_number: None,
            fail_tone: FailTone::Tone { ms: FAIL_TONE_MS },
            talk_limit_ms: None,
            vars: BTreeMap::new(),
            custom: BTreeMap::new(),
            correlator: extra.map(String::into_bytes),
            check: DestinationCheck::Late,
        };
        self.order_done(Verb::MakeCall(Box::new(make)), client).await
    }
}
