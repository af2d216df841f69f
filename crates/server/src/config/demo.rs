//! The demo office: numbers, users and passwords, chosen here and nowhere else.
//!
//! They are known to everybody, so a configuration that keeps one of them refuses to listen beyond loopback. Passwords fit
//! the narrowest vendor: at most 16 printable characters without blank.

use super::Config;
use super::account::{Account, Door, Role};
use super::seed::{Secret, Station, StationKind, Trunk};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use switching::party::Digits;

/// Where the demo keeps its data, unless told otherwise.
pub const DATA_DIR: &str = "data/demo";
/// Simulated telephones.
pub const SIMULATED: RangeInclusive<u32> = 1001..=1020;
/// Real SIP telephones. No other number begins with 11.
pub const SIP: RangeInclusive<u32> = 1101..=1120;
/// The number under which the office is called from outside.
pub const DID: &str = "+3225550100";
/// The number inside that it reaches.
pub const DID_TARGET: &str = "1001";
/// User of the console.
pub const CONSOLE_USER: &str = "operator";
/// Its password.
pub const CONSOLE_PASSWORD: &str = "demo-operator";
/// User of iPECS Web API, server type.
pub const IPXAPI_USER: &str = "demo";
/// Its password.
pub const IPXAPI_PASSWORD: &str = "demo-ipxapi";
/// User of iPECS Web API, client type: the login of station 1101.
pub const STATION_USER: &str = "1101";
/// Its password.
pub const STATION_PASSWORD: &str = "demo-station";
/// The station that ClickCall's account belongs to.
pub const CLICKCALL_STATION: &str = "1101";
/// User of ClickCall.
pub const CLICKCALL_USER: &str = "click1101";
/// User of ClickCall for the simulated station [`DID_TARGET`], for a first call without a telephone.
pub const CLICKCALL_SIMULATED_USER: &str = "click1001";
/// The password of both.
pub const CLICKCALL_PASSWORD: &str = "demo-clickcall";
/// Code of Voicenter.
pub const VOICENTER_CODE: &str = "demo-voicenter";

/// Where all doors that speak HTTP are also found.
const SHARED_HTTP_PORT: u16 = 8080;
/// Calls that the office makes per minute at most: 100 a second with room for repetitions.
const COMMANDS_PER_MIN: u32 = 60_000;
/// Reads of one token per minute.
const READS_PER_MIN: u32 = 600_000;

const NAMES: [(&str, &str); 20] = [
    ("Ada", "Lovelace"),
    ("Alan", "Turing"),
    ("Grace", "Hopper"),
    ("Edsger", "Dijkstra"),
    ("Barbara", "Liskov"),
    ("Donald", "Knuth"),
    ("Hedy", "Lamarr"),
    ("Claude", "Shannon"),
    ("Joan", "Clarke"),
    ("Agner", "Erlang"),
    ("Radia", "Perlman"),
    ("Elisha", "Gray"),
    ("Emmy", "Noether"),
    ("Almon", "Strowger"),
    ("Sophie", "Germain"),
    ("Antonio", "Meucci"),
    ("Mary", "Somerville"),
    ("Guglielmo", "Marconi"),
    ("Evelyn", "Granville"),
    ("Philipp", "Reis"),
];

/// Whether everybody knows this password.
#[must_use]
pub fn is_demo_secret(secret: &str) -> bool {
    secrets().any(|known| known == secret)
}

/// Every password of the demo, so that a stored hash can be compared with it.
pub fn secrets() -> impl Iterator<Item = String> {
    let doors = [CONSOLE_PASSWORD, IPXAPI_PASSWORD, STATION_PASSWORD, CLICKCALL_PASSWORD, VOICENTER_CODE];
    doors.into_iter().map(str::to_owned).chain(SIP.map(phone_password))
}

/// The digest password of a SIP telephone.
#[must_use]
pub fn phone_password(number: u32) -> String {
    format!("demo-phone-{number}")
}

/// The whole office, with the vendors' ports.
pub(super) fn office(data_dir: PathBuf) -> Config {
    let mut config = Config { demo: true, data_dir, stations: stations(), accounts: accounts(), ..Config::default() };
    config.trunks = vec![Trunk { name: "outside".into(), circuits: 30, dids: vec![(digits(DID), digits(DID_TARGET))] }];
    config.tenant.name = "Demo office".into();
    config.console.test_control = true;
    config.console.commands_per_min = COMMANDS_PER_MIN;
    config.console.reads_per_min = READS_PER_MIN;
    config.voicenter.requests_per_s = COMMANDS_PER_MIN / 60;
    // The default listeners are the vendors' own, on loopback; beside them the one port for all doors that speak HTTP.
    config.listen.shared_http = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, SHARED_HTTP_PORT)));
    config
}

fn stations() -> Vec<Station> {
    let simulated = SIMULATED.map(|number| station(number, StationKind::Simulated));
    simulated.chain(SIP.map(|number| station(number, StationKind::Sip))).collect()
}

fn station(number: u32, kind: StationKind) -> Station {
    let index = usize::try_from(number % 100).unwrap_or(0).saturating_sub(1) % NAMES.len();
    let (first_name, last_name) = NAMES[index];
    let (password, lines, remote_answer) = match kind {
        StationKind::Sip => (Some(Secret::new(phone_password(number))), LINES, false),
        StationKind::Simulated => (None, LINES, true),
    };
    let last_name = match kind {
        StationKind::Simulated => last_name.to_owned(),
        StationKind::Sip => format!("{last_name} SIP"),
    };
    Station {
        number: digits(&number.to_string()),
        kind,
        password,
        first_name: first_name.to_owned(),
        last_name,
        lines,
        remote_answer,
        auto_answer: true,
        ..Station::default()
    }
}

/// No call waiting: a second call finds the phone busy.
const LINES: u32 = 1;

fn accounts() -> Vec<Account> {
    let account = |door, user: Option<&str>, password: &str, station: Option<&str>| Account {
        door,
        user: user.map(str::to_owned),
        password: Secret::new(password),
        station: station.map(digits),
        role: Role::Operator,
        ..Account::default()
    };
    vec![
        account(Door::Console, Some(CONSOLE_USER), CONSOLE_PASSWORD, None),
        account(Door::Ipxapi, Some(IPXAPI_USER), IPXAPI_PASSWORD, None),
        account(Door::Ipxapi, Some(STATION_USER), STATION_PASSWORD, Some(STATION_USER)),
        account(Door::Clickcall, Some(CLICKCALL_USER), CLICKCALL_PASSWORD, Some(CLICKCALL_STATION)),
        account(Door::Clickcall, Some(CLICKCALL_SIMULATED_USER), CLICKCALL_PASSWORD, Some(DID_TARGET)),
        account(Door::Voicenter, None, VOICENTER_CODE, None),
    ]
}

fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("the demo's numbers are numbers")
}
