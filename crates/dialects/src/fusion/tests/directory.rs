//! Directory, registrations and phone states (FUS-DB-01, 07, 13).

use super::super::{FusionConfig, Network};
use super::rig::Rig;
use serde_json::Value;

async fn exts(rig: &Rig, query: &str) -> Vec<String> {
    let body = rig.body(&format!("/xml/dbGetDirectoryInfo.json?{query}")).await;
    let entries: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let ext = |entry: &Value| entry["ext"].as_str().expect("text").to_owned();
    entries.as_array().expect("an array").iter().map(ext).collect()
}

#[tokio::test]
async fn an_entry_has_the_fields_and_the_order_of_the_guide() {
    let rig = Rig::office().await;
    assert_eq!(
        rig.body("/xml/dbGetDirectoryInfo.json?ext=104").await,
        "[{\"admin\":\"\",\"company\":\"\",\"context_id\":\"1\",\"context_name\":\"internal\",\"dp\":\"SDC30015\",\
         \"email\":\"ann@example.net\",\"ext\":\"104\",\"fax\":\"\",\"fn\":\"Ann\",\"grp\":\"\",\"home\":\"\",\"ln\":\"Lee\",\
         \"login\":\"\",\"mobile\":\"\",\"office\":\"\",\"outgoing_number\":null,\"profile\":\"\",\"site\":\"HQ\",\
         \"sop1\":\"00000001\",\"sop1_ip\":\"127.0.0.1\",\"sop2\":\"\",\"sop2_ip\":\"\",\"source\":\"net.PBX\",\"sp\":\"\",\
         \"status\":\"\"}]"
    );
    let lines = [
        "<DirectoryInfo>",
        "   <DirectoryEntry>",
        "      <login></login>",
        "      <ext>2000</ext>",
        "      <fn></fn>",
        "      <ln>Desk &amp; &lt;Co&gt;</ln>",
        "      <site></site>",
        "      <grp></grp>",
        "      <dep></dep>",
        "      <profile></profile>",
        "      <status></status>",
        "      <dp>SDO30001</dp>",
        "      <sp></sp>",
        "      <email></email>",
        "      <mobile></mobile>",
        "      <fax></fax>",
        "      <home></home>",
        "      <pincode></pincode>",
        "      <company></company>",
        "      <office></office>",
        "      <source>net.PBX</source>",
        "   </DirectoryEntry>",
        "</DirectoryInfo>",
    ];
    let body = rig.body("/xml/dbGetDirectoryInfo.php?ext=2000&show_invisible=1").await;
    assert_eq!(body.lines().collect::<Vec<_>>(), lines);
    assert_eq!(rig.body("/xml/dbGetDirectoryInfo.php?ext=999").await, "<DirectoryInfo></DirectoryInfo>");
    assert_eq!(rig.body("/xml/dbGetDirectoryInfo.json?ext=999").await, "[]");
    conformance::proves_partly(
        "FUS-FMT-03",
        "the functions that are missing, and the `<descr/>` form of profile parameters",
    );
    conformance::proves_partly("FUS-ADM-05", "every field is set and shown");
    conformance::proves_partly("FUS-ADM-04", "routes per context");
    conformance::proves("FUS-LIM-04");
}

#[tokio::test]
async fn filters_are_patterns_and_hold_together() {
    let rig = Rig::office().await;
    for number in ["067", "671", "672", "555"] {
        rig.extension(number, "Ex", number, None, None, &[]);
    }
    assert_eq!(
        exts(&rig, "").await,
        ["067", "102", "104", "555", "6000", "671", "672"],
        "all that are visible, by ext"
    );
    assert_eq!(exts(&rig, "show_invisible=1").await.len(), 8);
    for (query, expected) in [
        ("ext=67", &["067", "671", "672"][..]),
        ("ext=67%&wildcards=strict", &["671", "672"]),
        ("ext=%2567&wildcards=strict", &["067"]),
        ("ext=6*&wildcards=translate", &["6000", "671", "672"]),
        ("ext=67_&wildcards=strict&ln=%251", &["671"]),
        ("fn=ann", &["104"]),
        ("fn=ann&ext=102", &[]),
        ("dp=SDC30016", &["102"]),
        ("sp=SDX%", &["102"]),
        ("email=EXAMPLE.net", &["104"]),
        ("site=hq", &["104"]),
        ("context_name=inter&ln=Lee", &["104"]),
        ("sop1=00000001&fn=T", &["102"]),
        ("sop1_ip=127.0.0.1&fn=T", &["102"]),
        ("source=net.PBX&fn=Tim", &["102"]),
        ("login=x", &[]),
        ("pincode=x&fn=Tim", &["102"]),
        ("ext=", &["067", "102", "104", "555", "6000", "671", "672"]),
        ("ext=671&wildcards=other", &["671"]),
    ] {
        assert_eq!(exts(&rig, query).await, expected, "{query}");
    }
    conformance::proves("FUS-FMT-07");
    conformance::proves_partly("FUS-DB-01", "profile parameters, and live values of profile and status");
}

#[tokio::test]
async fn registrations_are_those_of_the_moment() {
    let config =
        FusionConfig { allowed_clients: vec!["127.0.0.1".parse::<Network>().unwrap()], ..FusionConfig::default() };
    let rig = Rig::start(config).await;
    assert_eq!(rig.body("/xml/dbGetRegistration.php").await, "<dbGetRegistrationResult></dbGetRegistrationResult>");
    rig.phone("SDPH0101");
    rig.phone("SDPH0100");
    rig.register("SDPH0100", false);
    assert_eq!(
        rig.body("/xml/dbGetRegistration.php").await,
        "<dbGetRegistrationResult>\n    <Phones>\n        <ID>SDPH0100</ID>\n        <IPaddress>-none-</IPaddress>\n        \
         <IPport>0</IPport>\n        <Registered>0</Registered>\n    </Phones>\n    <Phones>\n        <ID>SDPH0101</ID>\n        \
         <IPaddress>172.16.0.1</IPaddress>\n        <IPport>5374</IPport>\n        <Registered>1</Registered>\n    </Phones>\n\
         </dbGetRegistrationResult>"
    );
    rig.register("SDPH0101", false);
    assert_eq!(
        rig.body("/xml/dbGetRegistration.json").await,
        "[{\"ID\":\"SDPH0100\",\"IPaddress\":\"-none-\",\"IPport\":\"0\",\"Registered\":\"0\"},\
         {\"ID\":\"SDPH0101\",\"IPaddress\":\"-none-\",\"IPport\":\"0\",\"Registered\":\"0\"}]"
    );
    conformance::proves_partly("FUS-DB-13", "virtual phones");
}

#[tokio::test]
async fn more_phones_than_are_looked_at_in_one_go() {
    let rig = Rig::start(FusionConfig::default()).await;
    for n in 0..2_500 {
        rig.device(&format!("SDP{n:05}"), switching::config::DeviceKind::Sip, 1);
    }
    let body = rig.body("/xml/dbGetRegistration.json").await;
    let phones: Vec<Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(phones.len(), 2_500);
    assert!(phones.iter().zip(0..).all(|(phone, n)| phone["ID"] == format!("SDP{n:05}")), "each once, in order");
}

#[tokio::test]
async fn a_phone_has_the_first_state_that_holds() {
    let rig = Rig::office().await;
    let state = async |phone: &str| {
        let body = rig.body(&format!("/xml/dbGetPhoneState.json?phone_id={phone}")).await;
        let phones: Vec<Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(phones.len(), 1, "{body}");
        phones[0].clone()
    };
    assert_eq!(state("SDC30015").await["state"], "Idle");
    assert_eq!(state("SDC30015").await["lastcall"], "");
    rig.register("SDO30001", false);
    assert_eq!(state("SDO30001").await["state"], "Down");
    assert_eq!(state("SDO30001").await["ip"], "");
    rig.dials("SDC30015", "102", 1, None);
    assert_eq!(state("SDC30015").await["state"], "Ring");
    rig.rings("SDC30016");
    assert_eq!(state("SDC30016").await["state"], "Ringing");
    assert_eq!(state("SDC30016").await["remotechannel"], "", "only during a call");
    rig.answers("SDC30016");
    assert_eq!(
        rig.body("/xml/dbGetPhoneState.php?phone_state=Internal Conversation&phone_id=SDC30016").await,
        "<PhoneState>\n   <Phone>\n      <name>SDC30016</name>\n      <mac></mac>\n      <state>Internal Conversation</state>\n      \
         <ip>172.16.0.1</ip>\n      <lastcall>5-2 10:11:12</lastcall>\n      <localchannel>SIP/SDC30016-00000002</localchannel>\n      \
         <remotechannel>SIP/SDC30015-00000001</remotechannel>\n   </Phone>\n</PhoneState>"
    );
    assert_eq!(rig.body("/xml/dbGetPhoneState.php?phone_state=Up").await, "<PhoneState></PhoneState>");
    assert_eq!(rig.body("/xml/dbGetPhoneState.json?phone_mac=000B8200FBB5").await, "[]");
    let remote = "/xml/dbGetPhoneState.json?remotechannel=SIP/SDC30016-00000002";
    assert!(rig.body(remote).await.contains("\"name\":\"SDC30015\""));
    rig.dials("outside", "+3225550100", 2, None);
    rig.rings("SDX60001");
    rig.answers("SDX60001");
    assert_eq!(state("SDX60001").await["state"], "External Conversation");
    // The first that holds: a conversation before a second call that rings or is dialled, one that rings before one that calls.
    rig.dials("SDC30015", "102", 3, None);
    rig.rings("SDX60001");
    assert_eq!(state("SDX60001").await["state"], "External Conversation");
    assert_eq!(state("SDC30015").await["state"], "Internal Conversation");
    rig.register("SDO30001", true);
    rig.dials("SDO30001", "6000", 4, None);
    rig.dials("SDO30001", "102", 5, None);
    rig.dials("outside", "2000", 6, None);
    rig.rings("SDO30001");
    assert_eq!(state("SDO30001").await["state"], "Ringing");
    // Connected to the server only: the one who hears that its call failed.
    let rig = Rig::office().await;
    rig.body("/xml/ccOriginate.php?phone_id=SDC30015&to=2000&async=true").await;
    rig.answers("SDC30015");
    rig.refuses("SDO30001");
    assert!(rig.body("/xml/dbGetPhoneState.json?phone_state=Up").await.contains("\"name\":\"SDC30015\""));
    conformance::proves_partly("FUS-DB-07", "hardware addresses");
    conformance::proves("FUS-FMT-11");
    conformance::proves_partly("FUS-LIM-14", "the deprecated functions that are missing");
}
