//! The registrar by the clauses of RFC 3261 10.3.

use super::*;

const AOR: &str = "sip:bob@example.com";
const NOW_MS: u64 = 1_700_000_000_000;

fn registrar() -> Registrar {
    Registrar::new(RegistrarConfig::default())
}

fn request(cseq: u32, contacts: &[(&str, Option<u32>)]) -> Register {
    let contact =
        |&(uri, expires_s): &(&str, Option<u32>)| Contact { uri: uri.into(), expires_s, ..Contact::default() };
    Register {
        contacts: Contacts::Listed(contacts.iter().map(contact).collect()),
        expires_s: None,
        call_id: "one".into(),
        cseq,
        path: Vec::new(),
        flow: None,
        source: "192.0.2.7:40000".parse().unwrap(),
        user_agent: None,
    }
}

fn uris(registrar: &Registrar, now_ms: u64) -> Vec<&str> {
    registrar.bindings(AOR, now_ms).into_iter().map(|binding| binding.uri.as_str()).collect()
}

/// Nothing is left in any table.
fn assert_empty(registrar: &Registrar) {
    assert!(registrar.records.is_empty() && registrar.deadlines.is_empty());
    assert!(registrar.sources.is_empty() && registrar.flows.is_empty());
}

#[test]
fn what_is_asked_is_granted_within_the_limits() {
    let mut registrar = registrar();
    let mut granted = |cseq, wish_s| {
        registrar.register(AOR, &request(cseq, &[("sip:b@1.1.1.1", wish_s)]), NOW_MS)?;
        Ok(registrar.bindings(AOR, NOW_MS)[0].expires_in_s(NOW_MS))
    };
    assert_eq!(granted(1, Some(3_600)), Ok(3_600));
    assert_eq!(granted(2, None), Ok(3_600));
    assert_eq!(granted(3, Some(60)), Ok(60));
    assert_eq!(granted(4, Some(u32::MAX)), Ok(3_600));
    assert_eq!(granted(5, Some(59)), Err(RegisterError::IntervalTooBrief { min_expires_s: 60 }));
    let header = Register { expires_s: Some(120), ..request(6, &[("sip:b@1.1.1.1", None)]) };
    registrar.register(AOR, &header, NOW_MS).unwrap();
    assert_eq!(registrar.bindings(AOR, NOW_MS)[0].expires_in_s(NOW_MS), 120, "the header counts without a parameter");
}

#[test]
fn contacts_stand_by_q_then_newest_first() {
    let mut registrar = registrar();
    for (cseq, (uri, q)) in (1..).zip([("sip:a@1.1.1.1", 300), ("sip:b@1.1.1.1", 1_000), ("sip:c@1.1.1.1", 300)]) {
        let contact = Contact { uri: uri.into(), q_thousandths: Some(q), ..Contact::default() };
        let one = Register { contacts: Contacts::Listed(vec![contact]), ..request(cseq, &[]) };
        registrar.register(AOR, &one, NOW_MS).unwrap();
    }
    assert_eq!(uris(&registrar, NOW_MS), ["sip:b@1.1.1.1", "sip:c@1.1.1.1", "sip:a@1.1.1.1"]);
}

#[test]
fn a_refresh_keeps_one_binding_and_zero_removes_it() {
    let mut registrar = registrar();
    let added = registrar.register(AOR, &request(1, &[("sip:b@1.1.1.1;transport=tcp", None)]), NOW_MS).unwrap();
    assert!(matches!(added[..], [Change::Added(_)]));
    let again = request(2, &[("sip:b@1.1.1.1;Transport=TCP;x=1", None)]);
    let refreshed = registrar.register(AOR, &again, NOW_MS + 5_000).unwrap();
    assert!(matches!(refreshed[..], [Change::Refreshed { .. }]));
    assert_eq!(registrar.bindings(AOR, NOW_MS)[0].expires_at_ms, NOW_MS + 3_605_000);
    assert_eq!(uris(&registrar, NOW_MS).len(), 1);
    let removed = registrar.register(AOR, &request(3, &[("sip:b@1.1.1.1;transport=tcp", Some(0))]), NOW_MS).unwrap();
    assert!(matches!(removed[..], [Change::Removed(_)]));
    assert_empty(&registrar);
    assert_eq!(
        registrar.register(AOR, &request(4, &[("sip:b@1.1.1.1", Some(0))]), NOW_MS),
        Ok(vec![]),
        "nothing to remove"
    );
}

#[test]
fn an_older_request_changes_nothing() {
    let mut registrar = registrar();
    registrar.register(AOR, &request(5, &[("sip:b@1.1.1.1", None)]), NOW_MS).unwrap();
    for cseq in [4, 5] {
        let both = request(cseq, &[("sip:new@2.2.2.2", None), ("sip:b@1.1.1.1", Some(0))]);
        assert_eq!(registrar.register(AOR, &both, NOW_MS), Err(RegisterError::OutOfOrder));
        assert_eq!(uris(&registrar, NOW_MS), ["sip:b@1.1.1.1"], "all or none");
    }
    let restarted = Register { call_id: "two".into(), ..request(1, &[("sip:b@1.1.1.1", None)]) };
    assert!(registrar.register(AOR, &restarted, NOW_MS).is_ok(), "another Call-ID is a restarted device");
}

#[test]
fn a_star_removes_all_and_only_with_zero() {
    let mut registrar = registrar();
    registrar.register(AOR, &request(1, &[("sip:a@1.1.1.1", None), ("sip:b@1.1.1.1", None)]), NOW_MS).unwrap();
    let star = |cseq, expires_s| Register { contacts: Contacts::All, expires_s, ..request(cseq, &[]) };
    for expires_s in [None, Some(60)] {
        assert_eq!(registrar.register(AOR, &star(2, expires_s), NOW_MS), Err(RegisterError::WildcardWithoutZero));
    }
    assert_eq!(registrar.register(AOR, &star(1, Some(0)), NOW_MS), Err(RegisterError::OutOfOrder));
    assert_eq!(registrar.register(AOR, &star(3, Some(0)), NOW_MS).unwrap().len(), 2);
    assert_empty(&registrar);
}

#[test]
fn a_query_changes_nothing() {
    let mut registrar = registrar();
    registrar.register(AOR, &request(1, &[("sip:a@1.1.1.1", None)]), NOW_MS).unwrap();
    let query = Register { contacts: Contacts::Query, ..request(1, &[]) };
    assert_eq!(registrar.register(AOR, &query, NOW_MS), Ok(vec![]));
    assert_eq!(uris(&registrar, NOW_MS), ["sip:a@1.1.1.1"]);
}

#[test]
fn contacts_are_bounded() {
    let mut registrar = registrar();
    let names: Vec<String> = (0..11).map(|n| format!("sip:{n}@1.1.1.1")).collect();
    let all: Vec<(&str, Option<u32>)> = names.iter().map(|name| (name.as_str(), None)).collect();
    assert_eq!(registrar.register(AOR, &request(1, &all), NOW_MS), Err(RegisterError::TooManyContacts));
    assert_empty(&registrar);
    registrar.register(AOR, &request(2, &all[..10]), NOW_MS).unwrap();
    assert_eq!(registrar.register(AOR, &request(3, &all[10..]), NOW_MS), Err(RegisterError::TooManyContacts));
    registrar.register(AOR, &request(4, &all[..10]), NOW_MS).unwrap();
    let swap = request(5, &[(&names[0], Some(0)), (&names[10], None)]);
    registrar.register(AOR, &swap, NOW_MS).unwrap();
    assert_eq!(uris(&registrar, NOW_MS).len(), 10);
    assert!(registrar.register(AOR, &request(1, &all[..1]), NOW_MS + 3_600_000).is_ok(), "expired ones do not count");
}

#[test]
fn bindings_end_in_order_and_leave_nothing() {
    let mut registrar = registrar();
    assert_eq!(registrar.next_deadline(), None);
    registrar.register(AOR, &request(1, &[("sip:a@1.1.1.1", Some(100)), ("sip:b@1.1.1.1", Some(60))]), NOW_MS).unwrap();
    assert_eq!(registrar.next_deadline(), Some(NOW_MS + 60_000));
    assert_eq!(registrar.expire(NOW_MS + 59_999), []);
    assert_eq!(uris(&registrar, NOW_MS + 60_000), ["sip:a@1.1.1.1"], "over is over even before expire is called");
    let ended = registrar.expire(NOW_MS + 200_000);
    assert_eq!(
        ended.iter().map(|expired| expired.binding.uri.as_str()).collect::<Vec<_>>(),
        ["sip:b@1.1.1.1", "sip:a@1.1.1.1"]
    );
    assert_eq!(&*ended[0].address_of_record, AOR);
    assert_empty(&registrar);
}

#[test]
fn path_source_and_flow_are_kept() {
    let mut registrar = registrar();
    let path = vec!["<sip:p2;lr>".to_owned(), "<sip:p1;lr>".to_owned()];
    let with = Register { path: path.clone(), flow: Some(9), ..request(1, &[("sip:b@10.0.0.5", None)]) };
    registrar.register(AOR, &with, NOW_MS).unwrap();
    let found = registrar.bindings(AOR, NOW_MS)[0].clone();
    assert_eq!((found.path, found.reach, found.source), (path, Reach::Flow(9), "192.0.2.7:40000".parse().unwrap()));
    assert!(registrar.has_source("192.0.2.7".parse().unwrap()));
    assert!(registrar.has_source("::ffff:192.0.2.7".parse().unwrap()));
    assert!(!registrar.has_source("192.0.2.8".parse().unwrap()));
}

#[test]
fn a_lost_flow_waits_thirty_seconds_for_another() {
    let mut registrar = registrar();
    let over = |flow, cseq| Register { flow: Some(flow), ..request(cseq, &[("sip:b@10.0.0.5", None)]) };
    registrar.register(AOR, &over(1, 1), NOW_MS).unwrap();
    assert_eq!(registrar.flow_lost(1, NOW_MS), [AOR.into()]);
    assert_eq!(registrar.flow_lost(1, NOW_MS), []);
    assert_eq!((registrar.bindings(AOR, NOW_MS).len(), registrar.reachable(AOR, NOW_MS).len()), (1, 0));
    registrar.register(AOR, &over(2, 2), NOW_MS + 29_000).unwrap();
    assert_eq!(registrar.reachable(AOR, NOW_MS + 60_000).len(), 1);
    registrar.flow_lost(2, NOW_MS + 60_000);
    assert_eq!(registrar.next_deadline(), Some(NOW_MS + 90_000));
    assert_eq!(registrar.expire(NOW_MS + 90_000).len(), 1);
    assert_empty(&registrar);
}

#[test]
fn one_flow_may_carry_several_addresses_of_record() {
    let mut registrar = registrar();
    for aor in ["sip:a@x", "sip:b@x", "sip:c@x"] {
        let flow = Some(if aor == "sip:c@x" { 2 } else { 1 });
        registrar.register(aor, &Register { flow, ..request(1, &[("sip:p@1.1.1.1", None)]) }, NOW_MS).unwrap();
    }
    assert_eq!(registrar.flow_lost(1, NOW_MS), ["sip:a@x".into(), "sip:b@x".into()]);
    assert_eq!(registrar.reachable("sip:c@x", NOW_MS).len(), 1);
    registrar.expire(NOW_MS + 30_000);
    assert_eq!(registrar.addresses_of_record().collect::<Vec<_>>(), ["sip:c@x"]);
    registrar.expire(u64::MAX);
    assert_empty(&registrar);
}

#[test]
fn a_contact_that_returns_after_its_end_is_not_told_expired() {
    let mut registrar = registrar();
    registrar.register(AOR, &request(1, &[("sip:a@1.1.1.1", Some(60))]), NOW_MS).unwrap();
    let late_ms = NOW_MS + 60_001;
    let changes = registrar.register(AOR, &request(2, &[("sip:a@1.1.1.1", Some(60))]), late_ms).unwrap();
    assert!(matches!(changes[..], [Change::Added(_)]));
    assert_eq!(registrar.expire(late_ms), []);
    assert_eq!(uris(&registrar, late_ms), ["sip:a@1.1.1.1"]);
}

#[test]
fn a_restart_keeps_datagram_contacts_and_gives_flows_thirty_seconds() {
    let mut before = registrar();
    before.register(AOR, &request(1, &[("sip:udp@1.1.1.1", None)]), NOW_MS).unwrap();
    before.register(AOR, &Register { flow: Some(1), ..request(1, &[("sip:tcp@1.1.1.1", None)]) }, NOW_MS).unwrap();
    before.register(AOR, &request(1, &[("sip:short@1.1.1.1", Some(60))]), NOW_MS).unwrap();
    let stored: Vec<Vec<u8>> = before.bindings(AOR, NOW_MS).into_iter().map(Binding::to_stored).collect();
    let mut after = registrar();
    let restarted_ms = NOW_MS + 61_000;
    let restored = |octets: &Vec<u8>| after.restore(AOR, Binding::from_stored(octets).unwrap(), restarted_ms);
    assert_eq!(stored.iter().map(restored).filter(|restored| *restored).count(), 2, "one expired meanwhile");
    assert_eq!(after.reachable(AOR, restarted_ms)[0].uri, "sip:udp@1.1.1.1");
    assert_eq!(after.reachable(AOR, restarted_ms).len(), 1);
    assert_eq!(after.expire(restarted_ms + 30_000)[0].binding.uri, "sip:tcp@1.1.1.1");
    assert_eq!(uris(&after, restarted_ms + 30_000), ["sip:udp@1.1.1.1"]);
}

#[test]
fn the_last_of_a_contact_named_twice_counts() {
    let mut registrar = registrar();
    let twice = request(1, &[("sip:a@1.1.1.1", Some(60)), ("sip:a@1.1.1.1", Some(600))]);
    registrar.register(AOR, &twice, NOW_MS).unwrap();
    assert_eq!(registrar.bindings(AOR, NOW_MS).len(), 1);
    assert_eq!(registrar.bindings(AOR, NOW_MS)[0].expires_in_s(NOW_MS), 600);
}

#[test]
fn ten_thousand_devices_come_and_go_and_leave_nothing() {
    let mut registrar = registrar();
    for n in 0..10_000_u64 {
        registrar
            .register(&format!("sip:{n}@example.com"), &request(1, &[("sip:a@1.1.1.1", None)]), NOW_MS + n)
            .unwrap();
    }
    assert_eq!(registrar.addresses_of_record().count(), 10_000);
    assert_eq!(registrar.expire(NOW_MS + 3_600_000 + 10_000).len(), 10_000);
    assert_empty(&registrar);
}
