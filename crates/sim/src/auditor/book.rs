//! What the auditor knows of the house: devices, numbers, trunks, and who is where. Kept from the inputs alone.

use std::collections::BTreeMap;
use switching::command::DeviceName;
use switching::config::{Change, DeviceConfig, DeviceKind, ExtensionConfig, Settings, TrunkConfig};
use switching::engine::Contact;
use switching::id::{ConnectionId, DeviceId, ExtensionId, TrunkId, UserId};
use switching::party::Digits;

/// A device as the auditor sees it.
pub struct Phone {
    pub config: DeviceConfig,
    pub contacts: Vec<Contact>,
    pub session: Option<Option<UserId>>,
    /// Legs it takes part in, also those that do not ring yet.
    pub lines: usize,
    /// Connections that can be seen, in the order in which they became so.
    pub seen: Vec<ConnectionId>,
}

impl Phone {
    /// Whether a call can reach it.
    pub fn reachable(&self) -> bool {
        self.config.kind == DeviceKind::Trunk || !self.contacts.is_empty()
    }

    /// Whether it can take one more.
    pub fn full(&self) -> bool {
        self.lines >= usize::from(self.config.lines_max)
    }
}

/// The book of the house.
#[derive(Default)]
pub struct Book {
    pub phones: BTreeMap<DeviceId, Phone>,
    pub numbers: BTreeMap<ExtensionId, ExtensionConfig>,
    pub disturb_not: BTreeMap<ExtensionId, bool>,
    pub trunks: BTreeMap<TrunkId, TrunkConfig>,
    pub settings: Settings,
    objects: u64,
    by_number: BTreeMap<Digits, ExtensionId>,
    by_name: BTreeMap<String, DeviceId>,
}

impl Book {
    /// Takes a change; gives the object's number. The simulator makes no change that is refused.
    pub fn change(&mut self, change: &Change) -> u64 {
        match change {
            Change::PutDevice { id, config } => {
                let id = id.unwrap_or_else(|| DeviceId(self.next()));
                for name in [&config.names.sip, &config.names.resource].into_iter().flatten() {
                    self.by_name.insert(name.clone(), id);
                }
                match self.phones.get_mut(&id) {
                    Some(phone) => phone.config = (**config).clone(),
                    None => {
                        let config = (**config).clone();
                        let phone = Phone { config, contacts: Vec::new(), session: None, lines: 0, seen: Vec::new() };
                        self.phones.insert(id, phone);
                    }
                }
                id.0
            }
            Change::RemoveDevice(id) => {
                self.phones.remove(id);
                id.0
            }
            Change::PutExtension { id, config } => {
                let id = id.unwrap_or_else(|| ExtensionId(self.next()));
                self.by_number.insert(config.number.clone(), id);
                self.numbers.insert(id, (**config).clone());
                id.0
            }
            Change::RemoveExtension(id) => {
                if let Some(config) = self.numbers.remove(id) {
                    self.by_number.remove(&config.number);
                }
                id.0
            }
            Change::PutUser { id, .. } => id.map_or_else(|| self.next(), |id| id.0),
            Change::PutTrunk { id, config } => {
                let id = id.unwrap_or_else(|| TrunkId(self.next()));
                self.trunks.insert(id, (**config).clone());
                id.0
            }
            Change::PutSettings(settings) => {
                self.settings = (**settings).clone();
                0
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.objects += 1;
        self.objects
    }

    /// The directory number with these digits.
    pub fn number(&self, digits: &Digits) -> Option<(ExtensionId, &ExtensionConfig)> {
        let id = *self.by_number.get(digits)?;
        self.numbers.get(&id).map(|config| (id, config))
    }

    /// The device with this number of its own.
    fn phone_of_its_own(&self, digits: &Digits) -> Option<DeviceId> {
        self.phones.iter().find(|(_, phone)| phone.config.names.number.as_ref() == Some(digits)).map(|(id, _)| *id)
    }

    /// The device that a name means.
    pub fn device(&self, name: &DeviceName) -> Option<DeviceId> {
        match name {
            DeviceName::Id(id) => self.phones.contains_key(id).then_some(*id),
            DeviceName::Sip(text) | DeviceName::Resource(text) => self.by_name.get(text).copied(),
            DeviceName::Number(digits) => self
                .phone_of_its_own(digits)
                .or_else(|| self.number(digits).and_then(|(_, config)| config.primary.or(config.secondary))),
        }
    }

    /// The phones that a number leads to, how long each may ring, and whether the number wants no calls; none: no such number.
    pub fn targets(&self, digits: &Digits) -> Option<Targets> {
        if let Some((id, config)) = self.number(digits) {
            let phones = [config.primary, config.secondary].into_iter().flatten().collect();
            let closed = self.disturb_not.get(&id).copied().unwrap_or(false);
            return Some(Targets { phones, ring_ms: config.ring_ms, closed });
        }
        let phone = self.phone_of_its_own(digits)?;
        Some(Targets { phones: vec![phone], ring_ms: None, closed: false })
    }

    /// Whether a device may call this number.
    pub fn may_call(&self, device: DeviceId, to: &Digits) -> bool {
        let barred = self.phones.get(&device).into_iter().flat_map(|phone| &phone.config.class.barred);
        barred.map(Digits::as_str).all(|head| to.as_str().get(..head.len()) != Some(head))
    }

    /// The trunk that a device stands for.
    pub fn trunk(&self, device: DeviceId) -> Option<(TrunkId, &TrunkConfig)> {
        self.trunks.iter().find(|(_, trunk)| trunk.device == device).map(|(id, trunk)| (*id, trunk))
    }
}

/// Where a number leads.
pub struct Targets {
    pub phones: Vec<DeviceId>,
    pub ring_ms: Option<u64>,
    pub closed: bool,
}
