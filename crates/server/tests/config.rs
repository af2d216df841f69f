//! The configuration through its boundary: texts in, values or complete messages out.
//!
//! Each `tests/config/NAME.toml` is a file with mistakes and `NAME.txt` what `hookswitch check` says to it. The committed
//! example and page equal what the table of settings makes. `UPDATE=1` rewrites all of them.

use hookswitch::config::{self, Config, Secret, demo};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a committed text with what it must be; with `UPDATE=1` writes it.
fn same_as_committed(path: &Path, wanted: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, wanted).expect("the repository is writable");
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "{} is stale: run the test with UPDATE=1. Wanted:\n{wanted}", path.display());
}

fn messages(text: &str) -> String {
    match Config::parse(text) {
        Ok(_) => String::new(),
        Err(problems) => config::render("FILE", text, &problems),
    }
}

#[test]
fn config_messages_name_every_mistake_its_place_and_what_to_write() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut seen = 0;
    for entry in fs::read_dir(&cases).expect("the cases are in the repository") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).expect("readable");
            let messages = messages(&text);
            assert!(!messages.is_empty(), "{} has no mistake", path.display());
            same_as_committed(&path.with_extension("txt"), &format!("{messages}\n"));
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen} cases");
}

#[test]
fn config_example_and_page_are_what_the_table_makes() {
    same_as_committed(&repository().join(config::EXAMPLE_FILE), &config::example());
    same_as_committed(&repository().join(config::PAGE_FILE), &config::page());
}

#[test]
fn config_example_says_what_an_empty_file_says() {
    assert_eq!(Config::parse(&config::example()).as_ref(), Ok(&Config::default()));
    assert_eq!(Config::parse("").as_ref(), Ok(&Config::default()));
}

#[test]
fn config_every_line_of_the_example_can_be_taken() {
    let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ");
    let text: String = config::example()
        .lines()
        .map(|line| if setting(line) { &line[1..] } else { line })
        // Two settings of a station exclude each other, and a push of a department needs one.
        .filter(|line| !line.starts_with("answer_after_ms") && !line.starts_with("department ="))
        .map(|line| format!("{line}\n"))
        .collect();
    let taken = Config::parse(&text).map_err(|problems| config::render("example", &text, &problems));
    let taken = taken.unwrap_or_else(|messages| panic!("{messages}\n{text}"));
    assert_eq!(taken.fusion.time_zone.as_deref(), Some("Europe/Brussels"));
    assert_eq!((taken.stations.len(), taken.trunks.len(), taken.accounts.len()), (1, 1, 1));
    assert!(taken.tls.certificate.is_some() && taken.tls.key.is_some());
    let mut as_default = taken;
    as_default.tls = config::Tls::default();
    as_default.ipxapi = Config::default().ipxapi;
    as_default.fusion = Config::default().fusion;
    assert_eq!(as_default.cdr_pushes.len(), 1);
    as_default.telservices = Config::default().telservices;
    (as_default.stations, as_default.trunks, as_default.accounts) = (vec![], vec![], vec![]);
    as_default.cdr_pushes = vec![];
    assert_eq!(as_default, Config::default());
}

#[test]
fn config_values_reach_their_fields() {
    let text = r#"
        data_dir = "/srv/exchange"
        durability = "power"
        listen.sip_udp = ["192.0.2.1:5060", "[2001:db8::1]:5060"]
        listen.sip_tcp = []
        listen.console = "none"
        [sip]
        external_address = "203.0.113.7"
        local_networks = ["10.0.0.0/8"]
        algorithms = ["sha-256"]
        realm = "example.net"
        [fusion]
        allowed_clients = ["10.1.0.0/16"]
        allowed_write_clients = ["10.1.2.3"]
        [[station]]
        number = "201"
        password = "a b"
        algorithms = ["MD5"]
        [[station]]
        number = "202"
        kind = "simulated"
        answer_after_ms = 5
        [[trunk]]
        name = "t"
        dids = { "+322" = "202" }
    "#;
    let config = Config::parse(text).unwrap_or_else(|problems| panic!("{}", config::render("-", text, &problems)));
    assert_eq!(config.data_dir, Path::new("/srv/exchange"));
    assert_eq!(config.durability, config::Durability::Power);
    assert_eq!(config.listen.sip_udp.len(), 2);
    assert!(config.listen.sip_tcp.is_empty() && config.listen.of_door("console").is_none());
    assert_eq!(config.sip.algorithms, [config::Algorithm::Sha256]);
    assert_eq!(config.stations[0].password.as_ref().map(Secret::reveal), Some("a b"));
    assert_eq!(config.stations[0].resource_id(), "SDP00201");
    assert_eq!(config.stations[0].algorithms, Some(vec![config::Algorithm::Md5]));
    assert_eq!(config.stations[1].answer_after_ms, Some(5));
    assert_eq!(config.trunks[0].dids[0].1.as_str(), "202");
    let (inside, outside) = ("10.1.2.3".parse().expect("address"), "10.1.2.4".parse().expect("address"));
    assert!(config.fusion.may_write(inside) && config.fusion.may_read(outside) && !config.fusion.may_write(outside));
    assert!(!format!("{config:?}").contains("a b"), "a password is not shown");
}

#[test]
fn config_demo_is_the_office_that_was_promised() {
    let config = Config::demo("d".into(), false);
    assert_eq!(config.problems(), []);
    assert!(config.listen.is_loopback_only());
    let kinds =
        |kind| config.stations.iter().filter(|s| s.kind == kind).map(|s| s.number.as_str().to_owned()).collect();
    let simulated: Vec<String> = kinds(config::StationKind::Simulated);
    let sip: Vec<String> = kinds(config::StationKind::Sip);
    assert_eq!(simulated, (1001..=1020).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(sip, (1101..=1120).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(config.stations.iter().all(|station| station.sip_user() == station.number.as_str()));
    let ids: BTreeSet<String> = config.stations.iter().map(config::Station::resource_id).collect();
    assert_eq!(ids.len(), 40);
    assert!(ids.iter().all(|id| id.len() == "SDP01001".len()), "one length: none is the start of another");
    let ports = |config: &Config| config.listen.all().iter().map(|(_, _, a)| a.port()).collect::<Vec<_>>();
    assert!(ports(&config).contains(&80) && ports(&config).contains(&5050) && ports(&config).contains(&5060));
    assert!(ports(&Config::demo("d".into(), true)).iter().all(|port| *port == 0));
}

#[test]
fn config_demo_never_leaves_loopback() {
    let mut config = Config::demo("d".into(), true);
    *config.listen.door("console") = Some("0.0.0.0:8088".parse().expect("address"));
    let problems = config.problems();
    assert!(problems.iter().any(|problem| problem.path == "listen"), "{problems:?}");
    let secrets = config.stations.iter().filter_map(|station| station.password.as_ref());
    let secrets: Vec<&str> =
        secrets.chain(config.accounts.iter().map(|account| &account.password)).map(Secret::reveal).collect();
    assert_eq!(secrets.len(), 26);
    assert!(secrets.iter().all(|secret| demo::is_demo_secret(secret)), "{secrets:?}");
    assert_eq!(problems.iter().filter(|problem| problem.path.ends_with(".password")).count(), 26);
}

#[test]
fn config_demo_json_has_the_agreed_shape() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config::demo(dir.path().to_owned(), false);
    config::write_demo_json(dir.path(), &config).expect("written");
    config::write_demo_json(dir.path(), &config).expect("written again");
    let path = dir.path().join(config::DEMO_FILE);
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).expect("readable")).expect("JSON");
    let first = serde_json::json!(
        {"number": "1001", "kind": "simulated", "user": "1001", "password": "", "phone_id": "SDP01001"});
    assert_eq!(json["stations"][0], first);
    let sip = serde_json::json!(
        {"number": "1101", "kind": "sip", "user": "1101", "password": "demo-phone-1101", "phone_id": "SDP01101"});
    assert_eq!(json["stations"][20], sip);
    let accounts = serde_json::json!({
        "ipxapi": {"user": "demo", "password": "demo-ipxapi"},
        "station": {"user": "1101", "password": "demo-station"},
        "clickcall": {"stnnum": "1101", "userid": "click1101", "userpwd": "demo-clickcall"},
        "voicenter": {"code": "demo-voicenter"},
        "console": {"user": "operator", "password": "demo-operator"},
    });
    assert_eq!(json["accounts"], accounts);
    assert_eq!(json["trunk"], serde_json::json!({"did": "+3225550100"}));
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left beside it");
}

#[test]
fn config_listen_json_tells_bound_addresses_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let bound = [
        ("sip_udp", "127.0.0.1:40001".parse().expect("address")),
        ("sip_udp", "[::1]:40002".parse().expect("address")),
        ("console", "127.0.0.1:40003".parse().expect("address")),
    ];
    config::write_listen_json(dir.path(), &bound).expect("written");
    let text = fs::read_to_string(dir.path().join(config::LISTEN_FILE)).expect("readable");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json, serde_json::json!({"sip_udp": "127.0.0.1:40001", "console": "127.0.0.1:40003"}));
}

#[test]
fn config_no_text_makes_the_reader_panic() {
    let example: Vec<char> = config::example().replace("\n#", "\n").chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).expect("small")
    };
    for _ in 0..300 {
        let mut text = example.clone();
        for _ in 0..=next(6) {
            let (at, with) = (next(text.len()), ['"', '[', ']', '=', '\n', '-', '9', 'é', '{', '\u{7f}'][next(10)]);
            text[at] = with;
        }
        let text: String = text.into_iter().collect();
        if let Err(problems) = Config::parse(&text) {
            let messages = config::render("FILE", &text, &problems);
            assert!(problems.iter().all(|problem| problem.line > 0), "each has a place: {messages}");
        }
    }
}
