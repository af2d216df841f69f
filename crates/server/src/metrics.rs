//! Figures of the running program in Prometheus text form, under the field's usual names.

use engines::sip::HeardSound;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use switching::model::Origin;
use switching::record::CallRecord;

/// Labels of a call that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    direction: &'static str,
    result: &'static str,
}

/// Labels of another server that gets pushes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: String,
}

/// Labels of tries to push.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TryLabels {
    endpoint: String,
    outcome: &'static str,
}

/// How far an endpoint of pushes is behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushesBehind {
    /// Events of the log from which its pushes have not been made yet.
    pub events: u64,
    /// Pushes that wait or are on their way.
    pub waiting: usize,
    /// Pushes that are parked.
    pub parked: usize,
    /// Seconds since the oldest of those that wait was due first.
    pub oldest_s: u64,
}

/// How much of everything is in use.
#[derive(Debug, Clone, Copy, Default)]
pub struct InUse {
    /// Live calls.
    pub calls: usize,
    /// Phones that have registered and are reached.
    pub registrations: usize,
    /// SIP dialogs.
    pub dialogs: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// Port pairs of the relay.
    pub relay_ports: usize,
    /// The log's last sequence number.
    pub seq: u64,
}

/// All figures.
pub struct Metrics {
    registry: Mutex<Registry>,
    calls: Gauge,
    registrations: Gauge,
    dialogs: Gauge,
    transactions: Gauge,
    relay_ports: Gauge,
    seq: Gauge,
    ended: Family<CallLabels, Counter>,
    duration: Histogram,
    refused: Counter,
    rtp_lost: Counter,
    rtp_received: Counter,
    rtp_jitter: Histogram,
    pushes: Pushes,
}

/// Figures of pushes to other servers.
#[derive(Default)]
struct Pushes {
    endpoints: Mutex<BTreeSet<String>>,
    cursor_lag: Family<EndpointLabels, Gauge>,
    waiting: Family<EndpointLabels, Gauge>,
    parked: Family<EndpointLabels, Gauge>,
    oldest_age: Family<EndpointLabels, Gauge>,
    tries: Family<TryLabels, Counter>,
}

impl Pushes {
    fn register(&self, registry: &mut Registry) {
        let help = "Events of the log from which an endpoint's pushes have not been made yet";
        registry.register("push_cursor_lag", help, self.cursor_lag.clone());
        registry.register("pushes_waiting", "Pushes that wait or are on their way", self.waiting.clone());
        registry.register(
            "pushes_parked",
            "Pushes that nobody took, until an operator replays them",
            self.parked.clone(),
        );
        let help = "Time since the oldest push that waits was due first; 0 where none waits";
        registry.register_with_unit("push_oldest_age", help, Unit::Seconds, self.oldest_age.clone());
        let help = "Tries to push, by what came of them: taken, again, parked";
        registry.register("push_tries", help, self.tries.clone());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hookswitch");
        let it = Self {
            registry: Mutex::new(Registry::default()),
            calls: Gauge::default(),
            registrations: Gauge::default(),
            dialogs: Gauge::default(),
            transactions: Gauge::default(),
            relay_ports: Gauge::default(),
            seq: Gauge::default(),
            ended: Family::default(),
            // From a second to more than an hour.
            duration: Histogram::new(exponential_buckets(1.0, 2.0, 13)),
            refused: Counter::default(),
            rtp_lost: Counter::default(),
            rtp_received: Counter::default(),
            // From a millisecond to half a second.
            rtp_jitter: Histogram::new(exponential_buckets(0.001, 2.0, 10)),
            pushes: Pushes::default(),
        };
        registry.register("calls_active", "Live calls", it.calls.clone());
        registry.register("sip_registrations_active", "SIP phones with a valid registration", it.registrations.clone());
        registry.register("sip_dialogs_active", "SIP dialogs", it.dialogs.clone());
        registry.register("sip_transactions_active", "SIP transactions, lingering ones too", it.transactions.clone());
        registry.register("rtp_ports_active", "Port pairs of the media relay", it.relay_ports.clone());
        registry.register("event_log_seq", "Last sequence number of the event log", it.seq.clone());
        registry.register("calls", "Calls that have ended", it.ended.clone());
        registry.register_with_unit("call_duration", "Talk time of answered calls", Unit::Seconds, it.duration.clone());
        registry.register("commands_refused", "Commands that were refused", it.refused.clone());
        let help = "RTP packets that phones sent and that never came, of legs that have ended";
        registry.register("rtp_packets_lost", help, it.rtp_lost.clone());
        registry.register(
            "rtp_packets_received",
            "RTP packets from phones, of legs that have ended",
            it.rtp_received.clone(),
        );
        let help = "Interarrival jitter of each leg with sound, at its end";
        registry.register_with_unit("rtp_jitter", help, Unit::Seconds, it.rtp_jitter.clone());
        it.pushes.register(&mut registry);
        *it.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        it
    }
}

impl Metrics {
    /// Notes what is in use now.
    pub fn set(&self, now: InUse) {
        let set = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.calls, now.calls);
        set(&self.registrations, now.registrations);
        set(&self.dialogs, now.dialogs);
        set(&self.transactions, now.transactions);
        set(&self.relay_ports, now.relay_ports);
        self.seq.set(i64::try_from(now.seq).unwrap_or(i64::MAX));
    }

    /// Counts a call that has ended.
    pub fn ended(&self, record: &CallRecord) {
        let direction = match record.call.origin {
            Origin::Phone => "internal",
            Origin::Trunk => "inbound",
            Origin::Application(_) => "application",
        };
        let answered = record.connections.iter().any(|part| part.connection.answered.is_some());
        let result = if answered { "answered" } else { "unanswered" };
        self.ended.get_or_create(&CallLabels { direction, result }).inc();
        if answered {
            // Talk times are far below the range in which a float loses seconds.
            self.duration.observe(record.talk_ms() as f64 / 1_000.0);
        }
    }

    /// Counts the sound of a leg that has ended.
    pub fn heard(&self, sound: &HeardSound) {
        self.rtp_lost.inc_by(sound.lost);
        self.rtp_received.inc_by(sound.packets);
        self.rtp_jitter.observe(sound.jitter_ms / 1_000.0);
    }

    /// From now on there is this endpoint of pushes.
    pub fn add_endpoint(&self, name: &str) {
        self.pushes.endpoints.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// The endpoints of pushes that there are.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.pushes.endpoints.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Notes how far an endpoint of pushes is behind.
    pub fn pushes_behind(&self, endpoint: &str, behind: PushesBehind) {
        let labels = EndpointLabels { endpoint: endpoint.to_owned() };
        let set = |family: &Family<EndpointLabels, Gauge>, value: u64| {
            family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.pushes.cursor_lag, behind.events);
        set(&self.pushes.waiting, behind.waiting as u64);
        set(&self.pushes.parked, behind.parked as u64);
        set(&self.pushes.oldest_age, behind.oldest_s);
    }

    /// Counts a try to push and what came of it.
    pub fn push_tried(&self, endpoint: &str, outcome: &'static str) {
        self.pushes.tries.get_or_create(&TryLabels { endpoint: endpoint.to_owned(), outcome }).inc();
    }

    /// Counts a refusal.
    pub fn refused(&self) {
        self.refused.inc();
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        match encode(&mut text, &registry) {
            Ok(()) => text,
            // Writing into memory does not fail.
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switching::id::LegId;

    #[test]
    fn the_text_has_the_usual_names() {
        let metrics = Metrics::default();
        metrics.set(InUse { calls: 3, registrations: 2, ..InUse::default() });
        metrics.refused();
        metrics.heard(&HeardSound { leg: LegId(1), packets: 50, lost: 7, jitter_ms: 3.0 });
        let text = metrics.text();
        for line in [
            "hookswitch_rtp_packets_lost_total 7",
            "hookswitch_rtp_packets_received_total 50",
            "hookswitch_rtp_jitter_seconds_bucket{le=\"0.004\"} 1",
            "hookswitch_calls_active 3",
            "hookswitch_sip_registrations_active 2",
            "hookswitch_commands_refused_total 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in {text}");
        }
    }
}
