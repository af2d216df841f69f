//! The office that an empty database begins with: telephones, numbers, lines and accounts from the configuration.

use crate::config::{Account, Config, Door, Station, StationKind, Trunk};
use crate::driver::Driver;
use anyhow::Context;
use std::collections::BTreeMap;
use store::secret::{ha1, password_hash, sha256};
use store::{ApiCode, ConfigItem, DeviceSecret, DirectoryWrite, StoreHandle, Tenant};
use switching::config::{
    Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names, Settings, TrunkConfig,
    UserConfig,
};
use switching::id::{DeviceId, UserId};

/// The context that all seeded devices are in.
pub const CONTEXT: &str = "internal";
/// Kind of the configuration item that holds a SIP device's own settings.
pub const SIP_ITEM: &str = "sip_device";

/// Kind of the configuration item that holds what a simulated phone does by itself.
const SIMULATED_ITEM: &str = "simulated_phone";
/// In such an item: after how many milliseconds it answers.
const ANSWER_AFTER_MS: &str = "answer_after_ms";

/// What simulated phones do by themselves at every start, as their configuration has it. What test control has said is not
/// configuration, and ends with the program.
///
/// # Errors
///
/// When the store cannot be read.
pub fn simulated_phones(store: &StoreHandle, tenant: Tenant) -> anyhow::Result<Vec<(DeviceId, u64)>> {
    // In its place among the writes, so that it sees what was seeded just now.
    let items = store.call(move |store| store.read(|view| view.configs(tenant, Some(SIMULATED_ITEM))))?;
    let phone = |item: ConfigItem| {
        let settings: serde_json::Value = serde_json::from_slice(&item.bytes).ok()?;
        Some((DeviceId(item.id.parse().ok()?), settings[ANSWER_AFTER_MS].as_u64()?))
    };
    Ok(items.into_iter().filter_map(phone).collect())
}

/// Seeds an empty exchange.
///
/// # Errors
///
/// When the core refuses something: the configuration names a number twice, for instance.
pub fn seed(driver: &mut Driver, config: &Config) -> anyhow::Result<()> {
    let settings = Settings {
        ring_ms: u64::from(config.tenant.ring_timeout_s) * 1_000,
        first_leg_ring_ms: u64::from(config.tenant.first_leg_ring_timeout_s) * 1_000,
        remote_answer_ms: u64::from(config.tenant.remote_answer_timeout_s) * 1_000,
        calls_max: config.limits.calls,
    };
    driver.seed(Change::PutSettings(Box::new(settings)))?;
    let mut writes = Vec::new();
    for station in &config.stations {
        seed_station(driver, config, station, &mut writes).with_context(|| format!("station {}", station.number))?;
    }
    for trunk in &config.trunks {
        seed_trunk(driver, trunk).with_context(|| format!("trunk {}", trunk.name))?;
    }
    for account in &config.accounts {
        writes.push(seed_account(account)?);
    }
    driver.write_directory(writes);
    Ok(())
}

fn seed_station(
    driver: &mut Driver,
    config: &Config,
    station: &Station,
    writes: &mut Vec<DirectoryWrite>,
) -> anyhow::Result<()> {
    let full_name = [station.first_name.as_str(), station.last_name.as_str()].join(" ").trim().to_owned();
    let kind = match station.kind {
        StationKind::Sip => DeviceKind::Sip,
        StationKind::Simulated => DeviceKind::Simulated,
    };
    let device = DeviceConfig {
        kind,
        names: Names {
            number: Some(station.number.clone()),
            sip: Some(station.sip_user().to_owned()),
            resource: Some(station.resource_id()),
        },
        lines_max: u16::try_from(station.lines).unwrap_or(u16::MAX),
        can: Capabilities { remote_answer: station.answers_on_command(), auto_answer: station.auto_answer },
        context: CONTEXT.to_owned(),
        display_name: full_name.clone(),
        class: ClassOfService { barred: station.barred.clone(), no_click_to_call: station.no_click_to_call },
    };
    let device = DeviceId(driver.seed(Change::PutDevice { id: None, config: Box::new(device) })?);
    let owner = UserId(driver.seed(Change::PutUser { id: None, config: Box::new(UserConfig { name: full_name }) })?);
    let extension = ExtensionConfig {
        number: station.number.clone(),
        first_name: station.first_name.clone(),
        last_name: station.last_name.clone(),
        primary: Some(device),
        secondary: None,
        owner: Some(owner),
        ring_ms: None,
        outgoing_number: station.outgoing_number(),
        fields: station.directory_fields(),
    };
    driver.seed(Change::PutExtension { id: None, config: Box::new(extension) })?;
    if let (StationKind::Sip, Some(password)) = (station.kind, &station.password) {
        let realm = &config.sip.realm;
        let (ha1_md5, ha1_sha256) = ha1(station.sip_user(), realm, password.reveal());
        let auth_user = station.sip_user().to_owned();
        let secret = DeviceSecret { device: device.0, auth_user, realm: realm.clone(), ha1_md5, ha1_sha256 };
        writes.push(DirectoryWrite::PutDeviceSecret(secret));
        let algorithms = station.algorithms.as_ref().unwrap_or(&config.sip.algorithms);
        let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let bytes = Some(serde_json::to_vec(&serde_json::json!({ "algorithms": names }))?);
        writes.push(DirectoryWrite::PutConfig { kind: SIP_ITEM.to_owned(), id: device.0.to_string(), bytes });
    }
    if let Some(password) = station.login_code() {
        let number = Some(station.number.clone());
        let user = Some(station.number.to_string());
        writes.push(seed_account(&Account {
            door: Door::OF_STATION_CODES,
            user,
            password,
            station: number,
            ..Account::default()
        })?);
    }
    if let Some(after_ms) = station.answer_after_ms {
        let bytes = Some(serde_json::to_vec(&serde_json::json!({ ANSWER_AFTER_MS: after_ms }))?);
        writes.push(DirectoryWrite::PutConfig { kind: SIMULATED_ITEM.to_owned(), id: device.0.to_string(), bytes });
    }
    Ok(())
}

fn seed_trunk(driver: &mut Driver, trunk: &Trunk) -> anyhow::Result<()> {
    let circuits = u16::try_from(trunk.circuits).unwrap_or(u16::MAX);
    let device = DeviceConfig {
        kind: DeviceKind::Trunk,
        names: Names { number: None, sip: Some(trunk.name.clone()), resource: Some(trunk.name.clone()) },
        lines_max: circuits,
        can: Capabilities::default(),
        context: CONTEXT.to_owned(),
        display_name: trunk.name.clone(),
        class: ClassOfService::default(),
    };
    let device = DeviceId(driver.seed(Change::PutDevice { id: None, config: Box::new(device) })?);
    let config = TrunkConfig { name: trunk.name.clone(), device, circuits, dids: trunk.dids.clone() };
    driver.seed(Change::PutTrunk { id: None, config: Box::new(config) })?;
    Ok(())
}

fn seed_account(account: &Account) -> anyhow::Result<DirectoryWrite> {
    let door = account.door.name().to_owned();
    let mut settings: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(station) = &account.station {
        settings.insert("station", station.to_string());
    }
    if let Some(privileges) = &account.privileges {
        let names: Vec<&str> = privileges.iter().map(|privilege| privilege.name()).collect();
        settings.insert("privileges", names.join(" "));
    }
    for (name, set) in [("own_calls", account.own_calls), ("sees_all", account.sees_all)] {
        if set {
            settings.insert(name, "true".to_owned());
        }
    }
    settings.insert("role", account.role.name().to_owned());
    settings.insert("scopes", account.scopes().to_owned());
    let settings = serde_json::to_string(&settings)?;
    Ok(match &account.user {
        Some(user) => {
            let password_hash = password_hash(account.password.reveal())?;
            DirectoryWrite::PutAccount(store::Account { door, user: user.clone(), password_hash, settings })
        }
        None => {
            let hash = sha256(account.password.reveal().as_bytes());
            DirectoryWrite::PutApiCode(ApiCode { door, hash, label: "from the configuration".to_owned(), settings })
        }
    })
}
