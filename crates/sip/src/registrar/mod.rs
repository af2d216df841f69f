//! The registrar: which contacts stand for an address-of-record (RFC 3261 10.3), pure data.
//!
//! A REGISTER changes all of its contacts or none. Time is Unix time in milliseconds, because bindings are stored with
//! their expiry and come back after a restart. The address-of-record is any canonical name the caller chose; who may
//! register for it was decided before. Not here: reading SIP headers, DNS, pings, `reginfo` subscriptions.

mod binding;
mod contact;
mod register;

pub use binding::{Binding, Reach, UnreadableBinding};
pub use register::{Change, Contact, Contacts, Register, RegisterError};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Settings of the registrar.
#[derive(Debug, Clone)]
pub struct RegistrarConfig {
    /// Granted when the request names no time.
    pub expires_default_s: u32,
    /// Shorter wishes get 423 with Min-Expires (RFC 3261 10.2.8).
    pub expires_min_s: u32,
    /// Longer wishes are shortened to it.
    pub expires_max_s: u32,
    /// Contacts that one address-of-record may have at once.
    pub contacts_max: usize,
    /// How long a binding stays whose connection is gone, for the phone to come back.
    pub no_flow_grace_ms: u64,
}

impl Default for RegistrarConfig {
    fn default() -> RegistrarConfig {
        RegistrarConfig {
            expires_default_s: 3_600,
            expires_min_s: 60,
            expires_max_s: 3_600,
            contacts_max: 10,
            no_flow_grace_ms: 30_000,
        }
    }
}

/// All bindings.
#[derive(Debug)]
pub struct Registrar {
    config: RegistrarConfig,
    records: BTreeMap<Arc<str>, Vec<Entry>>,
    /// When which entry of which record ends.
    deadlines: BTreeSet<(u64, Arc<str>, u64)>,
    /// Which entries of which records are reached over which flow.
    flows: BTreeSet<(u64, Arc<str>, u64)>,
    /// Live bindings per address they came from.
    sources: BTreeMap<IpAddr, usize>,
    next_serial: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    serial: u64,
    binding: Binding,
}

/// A binding that ended by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Expired {
    /// Whose contact it was.
    pub address_of_record: Arc<str>,
    /// What it was.
    pub binding: Binding,
}

impl Registrar {
    /// A registrar without bindings.
    pub fn new(config: RegistrarConfig) -> Registrar {
        Registrar {
            config,
            records: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            flows: BTreeSet::new(),
            sources: BTreeMap::new(),
            next_serial: 0,
        }
    }

    /// Carries out a REGISTER; gives what changed, in the request's order. The contacts for the 200 are
    /// [`Registrar::bindings`] afterwards. A request without contacts only asks.
    pub fn register(&mut self, aor: &str, request: &Register, now_ms: u64) -> Result<Vec<Change>, RegisterError> {
        let (before, live) = self.live(aor, now_ms);
        let planned = register::plan(&self.config, &live, request, now_ms)?;
        let aor = before.unwrap_or_else(|| Arc::from(aor));
        for change in &planned {
            match change {
                Change::Added(binding) => {
                    // The same contact may stand there, over but not yet expired.
                    self.remove_where(&aor, |known| known.is_same_contact(binding));
                    self.insert(&aor, binding.clone());
                }
                Change::Refreshed { before, after } => {
                    self.remove_where(&aor, |known| known == before);
                    self.insert(&aor, after.clone());
                }
                Change::Removed(binding) => self.remove_where(&aor, |known| known == binding),
            }
        }
        Ok(planned)
    }

    /// The contacts of an address-of-record: highest q first, among equals the one registered last first. Those whose
    /// connection is gone are among them, see [`Binding::reach`].
    pub fn bindings(&self, aor: &str, now_ms: u64) -> Vec<&Binding> {
        let entries = self.records.get(aor).into_iter().flatten();
        let mut live: Vec<&Entry> = entries.filter(|entry| entry.binding.ends_at_ms() > now_ms).collect();
        live.sort_by_key(|entry| (std::cmp::Reverse(entry.binding.q_thousandths), std::cmp::Reverse(entry.serial)));
        live.into_iter().map(|entry| &entry.binding).collect()
    }

    /// The contacts that a request can be sent to now.
    pub fn reachable(&self, aor: &str, now_ms: u64) -> Vec<&Binding> {
        let mut found = self.bindings(aor, now_ms);
        found.retain(|binding| binding.is_reachable());
        found
    }

    /// All addresses-of-record that have a binding.
    pub fn addresses_of_record(&self) -> impl Iterator<Item = &str> {
        self.records.keys().map(AsRef::as_ref)
    }

    /// Whether a binding lives that was registered from this address.
    pub fn has_source(&self, ip: IpAddr) -> bool {
        self.sources.contains_key(&ip.to_canonical())
    }

    /// A connection ended: its bindings wait [`RegistrarConfig::no_flow_grace_ms`] for another. Gives whose they are.
    pub fn flow_lost(&mut self, flow: u64, now_ms: u64) -> Vec<Arc<str>> {
        let until_ms = now_ms + self.config.no_flow_grace_ms;
        let mut touched = Vec::new();
        while let Some((aor, serial)) = self.first_on_flow(flow) {
            let Some(binding) = self.take(&aor, serial) else { break };
            self.insert_as(&aor, serial, Binding { reach: Reach::NoFlow { until_ms }, ..binding });
            touched.push(aor);
        }
        touched.dedup();
        touched
    }

    /// Takes back a stored binding after a restart. Connections did not survive it, so a binding with a flow has none and
    /// waits for one. A binding that meanwhile expired is left out; false says so.
    pub fn restore(&mut self, aor: &str, mut binding: Binding, now_ms: u64) -> bool {
        if let Reach::Flow(_) | Reach::NoFlow { .. } = binding.reach {
            binding.reach = Reach::NoFlow { until_ms: now_ms + self.config.no_flow_grace_ms };
        }
        // What an earlier configuration or a wrong clock granted does not outlive today's limit.
        binding.expires_at_ms = binding.expires_at_ms.min(now_ms + u64::from(self.config.expires_max_s) * 1_000);
        let (known, live) = self.live(aor, now_ms);
        if binding.ends_at_ms() <= now_ms || live.len() >= self.config.contacts_max {
            return false;
        }
        let aor = known.unwrap_or_else(|| Arc::from(aor));
        self.remove_where(&aor, |other| other.is_same_contact(&binding));
        self.insert(&aor, binding);
        true
    }

    /// When the next binding ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at_ms, _, _)| *at_ms)
    }

    /// Ends what is over, oldest first.
    pub fn expire(&mut self, now_ms: u64) -> Vec<Expired> {
        let mut ended = Vec::new();
        while let Some((at_ms, aor, serial)) = self.deadlines.first().cloned()
            && at_ms <= now_ms
        {
            let removed = self.take(&aor, serial);
            ended.extend(removed.map(|binding| Expired { address_of_record: aor, binding }));
        }
        ended
    }

    /// The record's own name, and its bindings that are not over.
    fn live(&self, aor: &str, now_ms: u64) -> (Option<Arc<str>>, Vec<Binding>) {
        let Some((name, entries)) = self.records.get_key_value(aor) else { return (None, Vec::new()) };
        let bindings = entries.iter().map(|entry| &entry.binding);
        (Some(Arc::clone(name)), bindings.filter(|binding| binding.ends_at_ms() > now_ms).cloned().collect())
    }

    fn insert(&mut self, aor: &Arc<str>, binding: Binding) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.insert_as(aor, serial, binding);
    }

    fn insert_as(&mut self, aor: &Arc<str>, serial: u64, binding: Binding) {
        if let Reach::Flow(flow) = binding.reach {
            self.flows.insert((flow, Arc::clone(aor), serial));
        }
        self.deadlines.insert((binding.ends_at_ms(), Arc::clone(aor), serial));
        *self.sources.entry(binding.source.ip().to_canonical()).or_insert(0) += 1;
        self.records.entry(Arc::clone(aor)).or_default().push(Entry { serial, binding });
    }

    fn first_on_flow(&self, flow: u64) -> Option<(Arc<str>, u64)> {
        let (found, aor, serial) = self.flows.range((flow, Arc::from(""), 0)..).next()?;
        if *found == flow { Some((Arc::clone(aor), *serial)) } else { None }
    }

    fn remove_where(&mut self, aor: &Arc<str>, is_meant: impl Fn(&Binding) -> bool) {
        let entries = self.records.get(aor).into_iter().flatten();
        let serials: Vec<u64> = entries.filter(|entry| is_meant(&entry.binding)).map(|entry| entry.serial).collect();
        for serial in serials {
            self.take(aor, serial);
        }
    }

    fn take(&mut self, aor: &Arc<str>, serial: u64) -> Option<Binding> {
        let entries = self.records.get_mut(aor)?;
        let at = entries.iter().position(|entry| entry.serial == serial)?;
        let Entry { binding, .. } = entries.remove(at);
        if entries.is_empty() {
            self.records.remove(aor);
        }
        if let Reach::Flow(flow) = binding.reach {
            self.flows.remove(&(flow, Arc::clone(aor), serial));
        }
        self.deadlines.remove(&(binding.ends_at_ms(), Arc::clone(aor), serial));
        let ip = binding.source.ip().to_canonical();
        if let Some(count) = self.sources.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&ip);
            }
        }
        Some(binding)
    }
}

#[cfg(test)]
mod tests;
