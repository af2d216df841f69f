//! The SIP engine as configured: settings, secrets, devices.

use crate::config::{Algorithm, Config};
use crate::seed::SIP_ITEM;
use anyhow::Context;
use engines::legs_from;
use engines::sip::{SipConfig, SipDevice, SipEngine};
use media::{Relay, RelayConfig};
use sip::dialog::{EndpointConfig, Nat};
use sip::digest::{BanPolicy, Ha1};
use sip::registrar::RegistrarConfig;
use sip::session_timer::TimerConfig;
use sip::transport::AddressPlan;
use std::sync::Arc;
use std::time::Duration;
use store::secret::{random_base62, sha256};
use store::{DirectoryWrite, StoreHandle};
use switching::id::DeviceId;
use switching::picture::Picture;
use tokio::sync::Notify;

use crate::serve::TENANT;

/// Setting that holds the secret from which names of our INVITEs are derived.
const LEG_SECRET: &str = "sip_leg_secret";
/// Octets of messages kept for one traced call.
const TRACE_OCTETS_PER_CALL: usize = 8_192;
/// How long a released media port rests: late packets of its old call must be over, and a busy exchange needs it again.
const PORT_REST: Duration = Duration::from_secs(2);
/// Characters of a random secret.
const SECRET_LEN: usize = 43;

/// Builds the engine with its relay.
///
/// # Errors
///
/// When the system gives no random octets, or the relay cannot start.
pub fn engine(config: &Config, store: &StoreHandle, start_ms: u64, media: &Arc<Notify>) -> anyhow::Result<SipEngine> {
    let settings = &config.sip;
    let wake = Arc::clone(media);
    let relay = RelayConfig {
        ports: settings.rtp_port_first..=settings.rtp_port_last,
        quarantine: PORT_REST,
        silence_limit: Duration::from_secs(u64::from(settings.media_timeout_s)),
        ..RelayConfig::default()
    };
    let relay = Relay::start(relay, Box::new(move || wake.notify_one())).context("starting the media relay")?;
    let transactions = sip::transaction::Config {
        transactions_max: config.limits.sip_transactions as usize,
        methods: methods(),
        options: vec!["100rel", "timer", "path", "outbound"],
        force_rport: true,
        server: settings.user_agent.clone(),
        ..sip::transaction::Config::default()
    };
    let addresses = AddressPlan {
        external: settings.external_address,
        local_networks: settings.local_networks.iter().map(|network| (network.address(), network.bits())).collect(),
    };
    let timer = (settings.session_expires_s > 0).then_some(TimerConfig {
        session_expires_s: settings.session_expires_s,
        min_se_s: settings.session_expires_min_s,
    });
    let sip = SipConfig {
        realm: settings.realm.clone(),
        endpoint: EndpointConfig { transactions, addresses, nat: Nat::Auto },
        registrar: RegistrarConfig {
            expires_default_s: settings.registration_default_s,
            expires_min_s: settings.registration_min_s,
            expires_max_s: settings.registration_max_s,
            ..RegistrarConfig::default()
        },
        bans: BanPolicy {
            failures: if settings.ban_failures == 0 { u32::MAX } else { settings.ban_failures },
            window_ms: u64::from(settings.ban_window_s) * 1_000,
            ban_ms: u64::from(settings.ban_s) * 1_000,
            ..BanPolicy::default()
        },
        session_timer: timer,
        nonce_key: random()?,
        leg_secret: leg_secret(store)?,
        legs_from: legs_from(0, start_ms),
        user_agent: settings.user_agent.clone(),
        trace_octets_max: config.limits.traced_calls as usize * TRACE_OCTETS_PER_CALL,
        algorithms: settings.algorithms.iter().map(|algorithm| translate(*algorithm)).collect(),
    };
    Ok(SipEngine::new(sip, relay, random()?))
}

/// Every SIP device with its secret, as the store has them now.
///
/// # Errors
///
/// When the store cannot be read.
pub fn devices(config: &Config, store: &StoreHandle, picture: &Picture) -> anyhow::Result<Vec<SipDevice>> {
    let (secrets, items) = store
        .call(|store| store.read(|view| Ok((view.device_secrets(TENANT)?, view.configs(TENANT, Some(SIP_ITEM))?))))
        .context("reading the secrets of phones")?;
    let mut devices = Vec::new();
    for secret in secrets {
        let Some(device) = picture.devices.get(&DeviceId(secret.device)) else { continue };
        let item = items.iter().find(|item| item.id == secret.device.to_string());
        let own = item.and_then(|item| algorithms(&item.bytes));
        let offered = own.unwrap_or_else(|| config.sip.algorithms.iter().map(|it| translate(*it)).collect());
        devices.push(SipDevice {
            id: device.id,
            user: secret.auth_user,
            ha1: Ha1 { md5: Some(secret.ha1_md5), sha256: Some(secret.ha1_sha256) },
            algorithms: offered,
        });
    }
    Ok(devices)
}

fn methods() -> Vec<sip::message::Method> {
    use sip::message::Method;
    vec![
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Register,
        Method::Prack,
        Method::Update,
        Method::Info,
        Method::Notify,
    ]
}

fn algorithms(item: &[u8]) -> Option<Vec<sip::digest::Algorithm>> {
    let item: serde_json::Value = serde_json::from_slice(item).ok()?;
    let names = item.get("algorithms")?.as_array()?;
    Some(names.iter().filter_map(|name| sip::digest::Algorithm::named(name.as_str()?)).collect())
}

fn translate(algorithm: Algorithm) -> sip::digest::Algorithm {
    match algorithm {
        Algorithm::Md5 => sip::digest::Algorithm::Md5,
        Algorithm::Sha256 => sip::digest::Algorithm::Sha256,
    }
}

/// Kept over restarts, so that an INVITE issued again has the names it had.
fn leg_secret(store: &StoreHandle) -> anyhow::Result<[u8; 32]> {
    let known = store.reader().read(|view| view.setting(TENANT, LEG_SECRET))?;
    let text = match known {
        Some(text) => text,
        None => {
            let text = random_base62(SECRET_LEN)?;
            let write = DirectoryWrite::PutSetting { key: LEG_SECRET.to_owned(), value: Some(text.clone()) };
            store.call(move |store| store.write_directory(TENANT, &[write]))?;
            text
        }
    };
    Ok(sha256(text.as_bytes()))
}

fn random() -> anyhow::Result<[u8; 32]> {
    Ok(sha256(random_base62(SECRET_LEN)?.as_bytes()))
}
