//! Rules between settings: what each value alone cannot tell.

use super::account::{Account, Door, Role};
use super::problem::Notes;
use super::seed::{Secret, Station, StationKind};
use super::{Config, Privilege, Transport, demo, directory};
use dialects::telservices::TelServicesConfig;
use dialects::voicenter::push::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use switching::party::Digits;

/// Every rule; each notes what it finds.
pub(super) fn check(config: &Config, notes: &mut Notes<'_>) {
    listeners(config, notes);
    relay_ports(config, notes);
    times(config, notes);
    reach(config, notes);
    stations(config, notes);
    trunks(config, notes);
    accounts(config, notes);
    cdr_pushes(config, notes);
    end_of_pdu(config, notes);
    directory::check(config, notes);
    demo_passwords(config, notes);
}

fn listeners(config: &Config, notes: &mut Notes<'_>) {
    let all = config.listen.all();
    for (index, (key, transport, address)) in all.iter().enumerate() {
        let earlier = all[..index].iter().find(|(_, other, taken)| other == transport && collide(*taken, *address));
        if let Some((taken_by, _, taken)) = earlier {
            let path = format!("listen.{key}");
            notes.about(
                &path,
                format!("{address} is already taken by listen.{taken_by} ({taken})"),
                "choose another port",
            );
        }
    }
}

/// Whether two listeners of one transport cannot both be bound. `[::]` takes IPv4 as well.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let any = |address: SocketAddr| address.ip().is_unspecified();
    let same_family = a.is_ipv4() == b.is_ipv4();
    let covers = |wide: SocketAddr| any(wide) && (same_family || wide.is_ipv6());
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || covers(a) || covers(b))
}

fn relay_ports(config: &Config, notes: &mut Notes<'_>) {
    let (first, last) = (config.sip.rtp_port_first, config.sip.rtp_port_last);
    let first_even = u32::from(first).next_multiple_of(2);
    if first_even + 1 > u32::from(last) {
        let what = format!("{first} to {last} holds no even port with the odd one above it");
        return notes.about("sip.rtp_port_last", what, format!("write a port above {}", first_even));
    }
    for (key, transport, address) in config.listen.all() {
        if transport == Transport::Udp && (first..=last).contains(&address.port()) {
            let what = format!("{address} lies among the ports of the RTP relay, {first} to {last}");
            notes.about(
                &format!("listen.{key}"),
                what,
                "choose another port, or move sip.rtp_port_first and sip.rtp_port_last",
            );
        }
    }
}

fn times(config: &Config, notes: &mut Notes<'_>) {
    let sip = &config.sip;
    if sip.session_expires_s != 0 && sip.session_expires_s < sip.session_expires_min_s {
        let least = sip.session_expires_min_s;
        let what = format!("{} is less than sip.session_expires_min_s, {least}", sip.session_expires_s);
        notes.about("sip.session_expires_s", what, format!("write 0 or at least {least}"));
    }
    let (min, default, max) = (sip.registration_min_s, sip.registration_default_s, sip.registration_max_s);
    if min > max {
        let what = format!("{max} is less than sip.registration_min_s, {min}");
        notes.about("sip.registration_max_s", what, format!("write at least {min}"));
    } else if !(min..=max).contains(&default) {
        let what = format!("{default} is outside sip.registration_min_s and sip.registration_max_s");
        notes.about("sip.registration_default_s", what, format!("write a number from {min} to {max}"));
    }
}

/// Who may reach what.
fn reach(config: &Config, notes: &mut Notes<'_>) {
    if config.tls.certificate.is_some() != config.tls.key.is_some() {
        let (given, missing) =
            if config.tls.key.is_some() { ("tls.key", "tls.certificate") } else { ("tls.certificate", "tls.key") };
        notes.about(given, format!("{missing} is not given"), "write both, or none of them");
    }
    let console_beyond = config.listen.of_door("console").filter(|address| !address.ip().is_loopback());
    if let (true, Some(address)) = (config.console.test_control, console_beyond) {
        let what = format!("whoever reaches the console at {address} could operate phones");
        notes.about("console.test_control", what, "write false, or let listen.console be on 127.0.0.1");
    }
    if let Some(address) =
        config.sip.external_address.filter(|address| address.is_unspecified() || address.is_multicast())
    {
        let instead = "write the address that the router shows outside, or \"none\"";
        notes.about("sip.external_address", format!("nobody can reach {address}"), instead);
    }
    if config.demo && !config.listen.is_loopback_only() {
        let what = "the demo office listens on loopback only";
        notes.about("listen", what, "write a configuration of your own: docs/hookswitch.example.toml");
    }
}

fn stations(config: &Config, notes: &mut Notes<'_>) {
    let mut numbers = BTreeMap::new();
    let mut users = BTreeMap::new();
    let mut resources = BTreeMap::new();
    for (index, station) in config.stations.iter().enumerate() {
        let path = format!("station[{}]", index + 1);
        one_station(station, &path, notes);
        if station.number.is_empty() {
            continue;
        }
        once(&mut numbers, station.number.as_str().to_owned(), &path, "number", notes);
        once(&mut users, station.sip_user().to_owned(), &path, "user", notes);
        once(&mut resources, station.resource_id(), &path, "resource", notes);
    }
    // In the order of the alphabet what begins with a text follows it, with nothing else in between.
    let sorted: Vec<(&String, &String)> = resources.iter().collect();
    for pair in sorted.windows(2) {
        if pair[1].0.starts_with(pair[0].0.as_str()) {
            let what = format!("the device id {} is the start of {} ({})", pair[0].0, pair[1].0, pair[1].1);
            let instead =
                "write ids of one length: Fusion's clients look for their phone by the start of a channel's name";
            notes.about(&format!("{}.resource", pair[0].1), what, instead);
        }
    }
    let most = usize::try_from(config.limits.devices).unwrap_or(usize::MAX);
    let devices = config.stations.len() + config.trunks.len();
    if devices > most {
        notes.about(
            "limits.devices",
            format!("the file names {devices} devices, {most} may be"),
            format!("write at least {devices}"),
        );
    }
}

fn one_station(station: &Station, path: &str, notes: &mut Notes<'_>) {
    match station.kind {
        StationKind::Sip => {
            if station.password.is_none() {
                let instead = "write password = \"...\": a telephone without one is anybody's";
                notes.about(path, "a SIP telephone needs a password", instead);
            }
            if station.answer_after_ms.is_some() {
                let at = format!("{path}.answer_after_ms");
                notes.about(
                    &at,
                    "only a simulated phone answers by itself",
                    "remove the line, or write kind = \"simulated\"",
                );
            }
        }
        StationKind::Simulated => {}
    }
    for (key, text) in [("user", station.user.as_deref()), ("resource", station.resource.as_deref())] {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '*' | '#');
        if text.is_some_and(|text| !text.chars().all(plain)) {
            let what = "only letters, digits and - _ . + * # are possible here";
            notes.about(&format!("{path}.{key}"), what, "");
        }
    }
}

/// Notes a value that stands twice where each must be the only one.
fn once(taken: &mut BTreeMap<String, String>, value: String, path: &str, key: &str, notes: &mut Notes<'_>) {
    match taken.get(&value) {
        Some(first) => {
            notes.about(&format!("{path}.{key}"), format!("{value} stands already in {first}"), "choose another")
        }
        None => {
            taken.insert(value, path.to_owned());
        }
    }
}

fn trunks(config: &Config, notes: &mut Notes<'_>) {
    let numbers: BTreeSet<&Digits> = config.stations.iter().map(|station| &station.number).collect();
    let (mut names, mut outside_numbers) = (BTreeMap::new(), BTreeMap::new());
    for (index, trunk) in config.trunks.iter().enumerate() {
        let path = format!("trunk[{}]", index + 1);
        once(&mut names, trunk.name.clone(), &path, "name", notes);
        for (outside, inside) in &trunk.dids {
            once(&mut outside_numbers, outside.as_str().to_owned(), &path, "dids", notes);
            if !numbers.contains(inside) {
                let what = format!("{outside} leads to {inside}, and no [[station]] has this number");
                notes.about(&format!("{path}.dids"), what, "name a number that exists");
            }
        }
    }
}

/// Servers that are told of calls: each has a name of its own and a URL that can be reached in principle.
fn cdr_pushes(config: &Config, notes: &mut Notes<'_>) {
    let mut taken = BTreeMap::new();
    for (index, push) in config.cdr_pushes.iter().enumerate() {
        let path = format!("cdr_push[{}]", index + 1);
        once(&mut taken, push.name.clone(), &path, "name", notes);
        if let Err(error) = crate::pushes::Target::parse(&push.url, push.private) {
            notes.about(
                &format!("{path}.url"),
                format!("{error:#}"),
                "write a URL that begins with http:// or https://",
            );
        }
        for name in push.types.iter().filter(|name| Kind::named(name).is_none()) {
            let there = Kind::ALL.map(|kind| format!("\"{}\"", kind.name())).join(", ");
            let what = format!("no call is of the type \"{name}\"");
            notes.about(&format!("{path}.types"), what, format!("write some of {there}"));
        }
        if let Some(name) = push.department.as_ref().filter(|name| !config.voicenter.departments.contains_key(*name)) {
            let what = format!("there is no department {name}");
            notes.about(&format!("{path}.department"), what, "name one of voicenter.departments");
        }
    }
}

fn end_of_pdu(config: &Config, notes: &mut Notes<'_>) {
    let text = config.telservices.end_of_pdu.as_deref().unwrap_or_default();
    if TelServicesConfig::unescape(text).is_none() {
        notes.about("telservices.end_of_pdu", "there is no such escape", r"possible are \r \n \t \0 \xHH \\");
    }
}

fn accounts(config: &Config, notes: &mut Notes<'_>) {
    let mut names = BTreeMap::new();
    for (index, account) in config.accounts.iter().enumerate() {
        let path = format!("account[{}]", index + 1);
        if account.password.reveal().is_empty() {
            continue;
        }
        one_account(account, &path, config, notes);
        if account.door == Door::OF_STATION_CODES
            && config
                .stations
                .iter()
                .any(|it| Some(it.number.as_str()) == account.user.as_deref() && it.login_code().is_some())
        {
            let what = "the station of this name has a login by its codes";
            notes.about(&format!("{path}.user"), what, "remove this account, or the station's codes");
        }
        let own = account.user.as_deref().unwrap_or(account.password.reveal());
        if names.insert((account.door.name(), own.to_owned()), ()).is_some() {
            // Whoever needs no name is known by the code.
            let (key, same) = if account.user.is_some() { ("user", "name") } else { ("password", "code") };
            let what = format!("another account of the door {} has the same {same}", account.door.name());
            notes.about(&format!("{path}.{key}"), what, "choose another");
        }
    }
}

fn one_account(account: &Account, path: &str, config: &Config, notes: &mut Notes<'_>) {
    let door = account.door.name();
    let has = account.door.has();
    if has.user && account.user.is_none() {
        notes.about(path, format!("an account of the door {door} needs a user"), "write user = \"...\"");
    }
    match &account.station {
        None if has.station => {
            let what = format!("an account of the door {door} needs a station");
            notes.about(path, what, "write station = \"...\"");
        }
        Some(number) if !config.stations.iter().any(|station| station.number == *number) => {
            notes.about(
                &format!("{path}.station"),
                format!("no [[station]] has the number {number}"),
                "name one that exists",
            );
        }
        None | Some(_) => {}
    }
    let fewer = account.privileges.as_ref().is_some_and(|some| some.len() < Privilege::ALL.len());
    if fewer && (!has.privileges || account.station.is_some()) {
        let what = "only applications' accounts of the door ipxapi have privileges";
        notes.about(&format!("{path}.privileges"), what, "remove the line");
    }
    for (name, set) in [("own_calls", account.own_calls), ("sees_all", account.sees_all)] {
        if set && (!has.sight || account.station.is_none()) {
            let what = "this is for accounts of the door voicenter that have a station";
            notes.about(&format!("{path}.{name}"), what, "remove the line");
        }
    }
    if account.role != Role::Operator && !has.role {
        let what = "only accounts of the doors console and telservices have a role";
        notes.about(&format!("{path}.role"), what, "remove the line");
    }
}

/// A password that everybody can read in the demo must not guard anything beyond this machine.
fn demo_passwords(config: &Config, notes: &mut Notes<'_>) {
    let Some((key, _, address)) = config.listen.all().into_iter().find(|(_, _, address)| !address.ip().is_loopback())
    else {
        return;
    };
    let mut note = |path: String, secret: &Secret| {
        if demo::is_demo_secret(secret.reveal()) {
            let what = format!("this is a password of the demo, and listen.{key} = {address} is beyond loopback");
            notes.about(&path, what, "write a password of your own");
        }
    };
    for (index, station) in config.stations.iter().enumerate() {
        if let Some(secret) = &station.password {
            note(format!("station[{}].password", index + 1), secret);
        }
    }
    for (index, account) in config.accounts.iter().enumerate() {
        note(format!("account[{}].password", index + 1), &account.password);
    }
}
