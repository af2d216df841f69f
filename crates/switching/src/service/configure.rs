//! Changes of configuration: checked whole, then one event with the new value.

use crate::command::{Answer, Outcome};
use crate::config::{Change, DeviceConfig, DeviceKind, ExtensionConfig, TrunkConfig};
use crate::event::{Configured, What};
use crate::id::{DeviceId, ExtensionId, TrunkId, UserId};
use crate::limits::{BARRED_MAX, DEVICES_MAX, EXTENSIONS_MAX, NAME_LEN_MAX, RING_MS_MAX};
use crate::party::{Digits, Party};
use crate::refusal::Refusal;
use crate::switch::Switch;
use std::collections::BTreeSet;

impl Switch {
    pub(crate) fn change(&mut self, change: Change) -> Outcome {
        match change {
            Change::PutDevice { id, config } => self.put_device(id, config),
            Change::RemoveDevice(id) => self.remove_device(id),
            Change::PutExtension { id, config } => self.put_extension(id, config),
            Change::RemoveExtension(id) => self.remove_extension(id),
            Change::PutUser { id, config } => {
                if config.name.len() > NAME_LEN_MAX {
                    return value("name");
                }
                if id.is_some_and(|id| !self.state.picture.users.contains_key(&id)) {
                    return value("user");
                }
                let id = id.unwrap_or_else(|| UserId(self.next_object()));
                self.configured(id.0, Configured::User(id, Some(config)))
            }
            Change::PutTrunk { id, config } => self.put_trunk(id, config),
            Change::PutSettings(settings) => {
                let times = [settings.ring_ms, settings.first_leg_ring_ms, settings.remote_answer_ms];
                if times.iter().any(|ms| !(1..=RING_MS_MAX).contains(ms)) {
                    return value("ring_ms");
                }
                self.configured(0, Configured::Settings(settings))
            }
        }
    }

    fn put_device(&mut self, id: Option<DeviceId>, config: Box<DeviceConfig>) -> Outcome {
        let picture = &self.state.picture;
        if id.is_some_and(|id| !picture.devices.contains_key(&id)) {
            return Err(Refusal::UnknownDevice);
        }
        if id.is_none() && picture.devices.len() >= DEVICES_MAX {
            return value("devices");
        }
        if config.lines_max == 0 {
            return value("lines_max");
        }
        if config.display_name.len() > NAME_LEN_MAX || config.context.len() > NAME_LEN_MAX {
            return value("display_name");
        }
        if config.class.barred.len() > BARRED_MAX || config.class.barred.iter().any(Digits::is_empty) {
            return value("barred");
        }
        let names = &config.names;
        let holders = [
            names.number.as_ref().and_then(|name| picture.device_by_number(name)),
            names.sip.as_ref().and_then(|name| picture.device_by_sip(name)),
            names.resource.as_ref().and_then(|name| picture.device_by_resource(name)),
        ];
        if holders.into_iter().flatten().any(|holder| Some(holder.id) != id) {
            return Err(Refusal::NameTaken);
        }
        let before = id.and_then(|id| picture.devices.get(&id)).map(|device| &device.config.names.resource);
        if before != Some(&names.resource) && self.resource_is_ambiguous(id, &config) {
            return Err(Refusal::NameTaken);
        }
        let id = id.unwrap_or_else(|| DeviceId(self.next_object()));
        self.configured(id.0, Configured::Device(id, Some(config)))
    }

    /// Whether another telephone's resource id begins with this one's, or this one's with that: applications look for the calls of a
    /// phone by the beginning of their names. Trunks are not looked for so.
    fn resource_is_ambiguous(&self, id: Option<DeviceId>, config: &DeviceConfig) -> bool {
        let picture = &self.state.picture;
        let Some(resource) = config.names.resource.as_deref().filter(|_| config.kind != DeviceKind::Trunk) else {
            return false;
        };
        let shorter = (1..resource.len()).filter_map(|end| picture.device_by_resource(resource.get(..end)?));
        let mut others = shorter.chain(picture.devices_by_resource_beginning(resource));
        others.any(|other| Some(other.id) != id && other.config.kind != DeviceKind::Trunk)
    }

    fn remove_device(&mut self, id: DeviceId) -> Outcome {
        let picture = &self.state.picture;
        if !picture.devices.contains_key(&id) {
            return Err(Refusal::UnknownDevice);
        }
        let named = picture.extension_of(id).is_some() || picture.trunks.values().any(|trunk| trunk.device == id);
        if named || self.state.legs.lines_taken(id) > 0 {
            return Err(Refusal::InUse);
        }
        self.configured(id.0, Configured::Device(id, None))
    }

    fn put_extension(&mut self, id: Option<ExtensionId>, config: Box<ExtensionConfig>) -> Outcome {
        let picture = &self.state.picture;
        if id.is_some_and(|id| !picture.extensions.contains_key(&id)) {
            return Err(Refusal::UnknownNumber);
        }
        if id.is_none() && picture.extensions.len() >= EXTENSIONS_MAX {
            return value("extensions");
        }
        let phones = [config.primary, config.secondary];
        if phones.into_iter().flatten().any(|phone| !picture.devices.contains_key(&phone)) {
            return Err(Refusal::UnknownDevice);
        }
        if config.ring_ms.is_some_and(|ms| !(1..=RING_MS_MAX).contains(&ms)) {
            return value("ring_ms");
        }
        if config.first_name.len() > NAME_LEN_MAX || config.last_name.len() > NAME_LEN_MAX {
            return value("name");
        }
        if picture.extension_by_number(&config.number).is_some_and(|(holder, _)| Some(holder) != id) {
            return Err(Refusal::NameTaken);
        }
        let id = id.unwrap_or_else(|| ExtensionId(self.next_object()));
        self.configured(id.0, Configured::Extension(id, Some(config)))
    }

    fn remove_extension(&mut self, id: ExtensionId) -> Outcome {
        let picture = &self.state.picture;
        if !picture.extensions.contains_key(&id) {
            return Err(Refusal::UnknownNumber);
        }
        // Called, calling, or rung for it: its phones may be in calls of other numbers.
        let of_party = |party: &Party| party.extension == Some(id);
        let called = picture.calls.values().any(|call| of_party(&call.called));
        if called || picture.connections.values().any(|it| of_party(&it.party) || it.addressed.extension == Some(id)) {
            return Err(Refusal::InUse);
        }
        self.configured(id.0, Configured::Extension(id, None))
    }

    fn put_trunk(&mut self, id: Option<TrunkId>, config: Box<TrunkConfig>) -> Outcome {
        if id.is_some_and(|id| !self.state.picture.trunks.contains_key(&id)) {
            return Err(Refusal::UnknownDevice);
        }
        if !self.state.picture.devices.contains_key(&config.device) {
            return Err(Refusal::UnknownDevice);
        }
        if config.circuits == 0 {
            return value("circuits");
        }
        let id = id.unwrap_or_else(|| TrunkId(self.next_object()));
        self.configured(id.0, Configured::Trunk(id, Some(config)))
    }

    fn configured(&mut self, id: u64, what: Configured) -> Outcome {
        let devices = match &what {
            Configured::Device(id, _) => vec![*id],
            Configured::Extension(id, config) => self.phones_of(*id, config.as_deref()),
            Configured::User(..) | Configured::Trunk(..) | Configured::Settings(_) => Vec::new(),
        };
        self.emit(Vec::new(), devices, What::ConfigurationChanged(what));
        Ok(Answer::Configured(id))
    }

    /// The phones of a directory number, those that it has and those that it is to have.
    fn phones_of(&self, id: ExtensionId, to_be: Option<&ExtensionConfig>) -> Vec<DeviceId> {
        let present = self.state.picture.extensions.get(&id).map(|extension| &extension.config);
        let both = present.into_iter().chain(to_be);
        let phones: BTreeSet<DeviceId> = both.flat_map(|config| [config.primary, config.secondary]).flatten().collect();
        phones.into_iter().collect()
    }

    fn next_object(&mut self) -> u64 {
        self.state.counters.object += 1;
        self.state.counters.object
    }
}

fn value(field: &str) -> Outcome {
    Err(Refusal::Value { field: field.to_owned() })
}
