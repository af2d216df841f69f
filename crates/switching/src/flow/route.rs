//! From a dialled number to the phones that may be rung.

use crate::cause::Cause;
use crate::id::{DeviceId, ExtensionId};
use crate::party::{Digits, Party, PartyKind, Presentation, Via};
use crate::switch::Switch;

/// One phone of the called number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteStep {
    /// The phone.
    pub device: DeviceId,
    /// By which way it belongs to the number.
    pub via: Via,
    /// Why it is not rung; none: it is.
    pub skipped: Option<Cause>,
}

/// Where a number leads now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The directory number, where it is one.
    pub extension: Option<ExtensionId>,
    /// The party called.
    pub called: Party,
    /// Its phones in order.
    pub steps: Vec<RouteStep>,
}

impl Route {
    /// Why nothing of it can be rung; none: something can.
    #[must_use]
    pub fn refused(&self) -> Option<Cause> {
        let rung = self.steps.iter().any(|step| step.skipped.is_none());
        let why = self.steps.iter().filter_map(|step| step.skipped).max_by_key(|cause| strength(*cause));
        if rung { None } else { Some(why.unwrap_or(Cause::NotObtainable)) }
    }
}

/// Which of several reasons a caller is told: the one that says most about the person called.
pub(crate) fn strength(cause: Cause) -> u8 {
    match cause {
        Cause::DoNotDisturb => 6,
        Cause::Rejected => 5,
        Cause::Busy => 4,
        Cause::NoAnswer => 3,
        Cause::Unregistered => 1,
        _ => 2,
    }
}

impl Switch {
    /// Where a number leads when `from` dials it now, by the same function that routes real calls. None: no such number.
    #[must_use]
    pub fn explain_route(&self, from: Option<DeviceId>, dialled: &Digits) -> Option<Route> {
        self.route(from, dialled)
    }

    pub(crate) fn route(&self, from: Option<DeviceId>, dialled: &Digits) -> Option<Route> {
        let picture = &self.state.picture;
        if let Some((id, extension)) = picture.extension_by_number(dialled) {
            let config = &extension.config;
            let phones = [(config.primary, Via::Primary), (config.secondary, Via::Secondary)];
            let steps = phones
                .into_iter()
                .filter_map(|(device, via)| device.map(|device| (device, via)))
                .map(|(device, via)| {
                    let skipped = self.why_not(device, from, extension.do_not_disturb);
                    RouteStep { device, via, skipped }
                })
                .collect();
            let called = Party {
                kind: PartyKind::Device,
                number: config.number.clone(),
                name: config.full_name(),
                device: config.primary.or(config.secondary),
                extension: Some(id),
                presentation: Presentation::Allowed,
            };
            return Some(Route { extension: Some(id), called, steps });
        }
        let device = picture.device_by_number(dialled)?;
        let skipped = self.why_not(device.id, from, false);
        let called = self.party_of(device.id);
        Some(Route { extension: None, called, steps: vec![RouteStep { device: device.id, via: Via::Direct, skipped }] })
    }

    /// Whether the class of service of `from` forbids it to call this number.
    pub(crate) fn barred(&self, from: DeviceId, dialled: &Digits) -> bool {
        self.state.picture.devices.get(&from).is_some_and(|device| device.config.class.bars(dialled))
    }

    fn why_not(&self, device: DeviceId, from: Option<DeviceId>, do_not_disturb: bool) -> Option<Cause> {
        let it = self.state.picture.devices.get(&device)?;
        if do_not_disturb {
            Some(Cause::DoNotDisturb)
        } else if !it.in_service() {
            Some(Cause::Unregistered)
        } else if from == Some(device) || self.state.legs.lines_taken(device) >= usize::from(it.config.lines_max) {
            Some(Cause::Busy)
        } else {
            None
        }
    }

    /// The party that a device stands for: its directory number, else its own number and name.
    pub(crate) fn party_of(&self, device: DeviceId) -> Party {
        let picture = &self.state.picture;
        let configured = picture.devices.get(&device).map(|device| &device.config);
        let own_number = || configured.and_then(|config| config.names.number.clone()).unwrap_or_else(Digits::none);
        let own_name = || configured.map(|config| config.display_name.clone()).unwrap_or_default();
        let (extension, number, name) = match picture.extension_of(device) {
            Some((id, extension)) => {
                let name = extension.config.full_name();
                let name = if name.is_empty() { own_name() } else { name };
                (Some(id), extension.config.number.clone(), name)
            }
            None => (None, own_number(), own_name()),
        };
        Party {
            kind: PartyKind::Device,
            number,
            name,
            device: Some(device),
            extension,
            presentation: Presentation::Allowed,
        }
    }
}
