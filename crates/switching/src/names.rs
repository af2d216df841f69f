//! Look-up of devices and directory numbers by their names. Derived from the configuration, never stored.

use crate::config::{DeviceConfig, ExtensionConfig, Names};
use crate::id::{DeviceId, ExtensionId};
use crate::party::Digits;
use crate::picture::Picture;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Look-up tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    device_by_number: BTreeMap<Digits, DeviceId>,
    device_by_sip: BTreeMap<String, DeviceId>,
    device_by_resource: BTreeMap<String, DeviceId>,
    device_names: BTreeMap<DeviceId, Names>,
    extension_by_number: BTreeMap<Digits, ExtensionId>,
    extension_names: BTreeMap<ExtensionId, (Digits, [Option<DeviceId>; 2])>,
    /// Per device: (0 as primary, 1 as secondary; number; extension), lowest first.
    phones: BTreeMap<DeviceId, BTreeSet<(u8, Digits, ExtensionId)>>,
}

impl Index {
    pub(crate) fn of(picture: &Picture) -> Self {
        let mut index = Self::default();
        for (id, device) in &picture.devices {
            index.add_device(*id, &device.config);
        }
        for (id, extension) in &picture.extensions {
            index.add_extension(*id, &extension.config);
        }
        index
    }

    pub(crate) fn add_device(&mut self, id: DeviceId, config: &DeviceConfig) {
        let names = &config.names;
        if let Some(number) = &names.number {
            self.device_by_number.insert(number.clone(), id);
        }
        if let Some(sip) = &names.sip {
            self.device_by_sip.insert(sip.clone(), id);
        }
        if let Some(resource) = &names.resource {
            self.device_by_resource.insert(resource.clone(), id);
        }
        self.device_names.insert(id, names.clone());
    }

    pub(crate) fn forget_device(&mut self, id: DeviceId) {
        let Some(Names { number, sip, resource }) = self.device_names.remove(&id) else { return };
        number.map(|name| self.device_by_number.remove(&name));
        sip.map(|name| self.device_by_sip.remove(&name));
        resource.map(|name| self.device_by_resource.remove(&name));
    }

    pub(crate) fn add_extension(&mut self, id: ExtensionId, config: &ExtensionConfig) {
        self.extension_by_number.insert(config.number.clone(), id);
        let phones = [config.primary, config.secondary];
        for (rank, device) in (0u8..).zip(phones) {
            if let Some(device) = device {
                self.phones.entry(device).or_default().insert((rank, config.number.clone(), id));
            }
        }
        self.extension_names.insert(id, (config.number.clone(), phones));
    }

    pub(crate) fn forget_extension(&mut self, id: ExtensionId) {
        let Some((number, phones)) = self.extension_names.remove(&id) else { return };
        self.extension_by_number.remove(&number);
        for (rank, device) in (0u8..).zip(phones) {
            let Some(device) = device else { continue };
            let Some(set) = self.phones.get_mut(&device) else { continue };
            set.remove(&(rank, number.clone(), id));
            if set.is_empty() {
                self.phones.remove(&device);
            }
        }
    }

    pub(crate) fn extension_of(&self, device: DeviceId) -> Option<ExtensionId> {
        self.phones.get(&device)?.first().map(|(_, _, id)| *id)
    }

    pub(crate) fn extension_by_number(&self, number: &Digits) -> Option<ExtensionId> {
        self.extension_by_number.get(number).copied()
    }

    pub(crate) fn device_by_number(&self, number: &Digits) -> Option<DeviceId> {
        self.device_by_number.get(number).copied()
    }

    pub(crate) fn device_by_sip(&self, user: &str) -> Option<DeviceId> {
        self.device_by_sip.get(user).copied()
    }

    pub(crate) fn resources_beginning<'a>(&'a self, with: &'a str) -> impl Iterator<Item = DeviceId> + 'a {
        let longer = (Bound::Excluded(with), Bound::Unbounded);
        let all = self.device_by_resource.range::<str, _>(longer);
        all.take_while(move |(name, _)| name.starts_with(with)).map(|(_, id)| *id)
    }

    pub(crate) fn device_by_resource(&self, resource: &str) -> Option<DeviceId> {
        self.device_by_resource.get(resource).copied()
    }
}
