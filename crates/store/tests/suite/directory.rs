//! Secrets, accounts, codes, tokens, settings, configuration items.

use store::DirectoryWrite as Write;
use store::{Account, ApiCode, Batch, DeviceSecret, Store, Token, secret};

use super::{T, event};

fn device_secret(device: u64, user: &str, password: &str) -> DeviceSecret {
    let (ha1_md5, ha1_sha256) = secret::ha1(user, "example.org", password);
    DeviceSecret { device, auth_user: user.into(), realm: "example.org".into(), ha1_md5, ha1_sha256 }
}

pub fn secrets_accounts_codes_and_tokens(store: &mut Store) {
    let one = device_secret(1, "1001", "a");
    let account = |user: &str, settings: &str| Account {
        door: "fusion".into(),
        user: user.into(),
        password_hash: "$argon2id$...".into(),
        settings: settings.into(),
    };
    let code = ApiCode { door: "voicenter".into(), hash: [3; 32], label: "crm".into(), settings: "{}".into() };
    let token = Token {
        id: "ops".into(),
        hash: [4; 32],
        scopes: "calls:read".into(),
        label: "wall".into(),
        created_ms: 5,
        expires_ms: Some(u64::MAX),
        last_use_ms: None,
    };
    let writes = [
        Write::PutDeviceSecret(one.clone()),
        Write::PutDeviceSecret(device_secret(2, "1002", "b")),
        Write::PutAccount(account("u", "{}")),
        Write::PutAccount(account("u", "{\"a\":1}")),
        Write::PutAccount(account("v", "{}")),
        Write::PutApiCode(code.clone()),
        Write::PutToken(token.clone()),
        Write::TouchToken { id: "ops".into(), at_ms: 99 },
        Write::TouchToken { id: "nobody".into(), at_ms: 99 },
    ];
    store.write_directory(T, &writes).expect("write");
    store
        .read(|v| {
            assert_eq!(v.device_secret(T, 1)?, Some(one.clone()));
            assert_eq!(v.device_secret_of_user(T, "1001")?, Some(one.clone()));
            assert_eq!(v.device_secret_of_user(T, "1003")?, None);
            assert_eq!(v.device_secrets(T)?.len(), 2);
            assert_eq!(v.account(T, "fusion", "u")?, Some(account("u", "{\"a\":1}")));
            assert_eq!(v.account(T, "console", "u")?, None);
            assert_eq!(v.accounts(T)?.len(), 2);
            assert_eq!(v.api_code(T, "voicenter", &[3; 32])?, Some(code.clone()));
            assert_eq!(v.api_code(T, "fusion", &[3; 32])?, None);
            assert_eq!(v.api_codes(T)?, std::slice::from_ref(&code));
            assert_eq!(v.token(T, "ops")?, Some(Token { last_use_ms: Some(99), ..token.clone() }));
            assert_eq!(v.tokens(2)?, []);
            Ok(())
        })
        .expect("read");
    let drops = [
        Write::PutDeviceSecret(device_secret(3, "1001", "c")),
        Write::DropDeviceSecret { device: 2 },
        Write::DropAccount { door: "fusion".into(), user: "u".into() },
        Write::DropApiCode { door: "voicenter".into(), hash: [3; 32] },
        Write::DropToken { id: "ops".into() },
    ];
    store.write_directory(T, &drops).expect("write");
    store
        .read(|v| {
            assert_eq!(v.device_secrets(T)?, [device_secret(3, "1001", "c")], "a user name moves to the newest device");
            assert_eq!(v.accounts(T)?, [account("v", "{}")]);
            assert!(v.api_codes(T)?.is_empty() && v.tokens(T)?.is_empty());
            Ok(())
        })
        .expect("read");
}

fn config(kind: &str, id: &str, bytes: Option<&[u8]>) -> Write {
    Write::PutConfig { kind: kind.into(), id: id.into(), bytes: bytes.map(<[u8]>::to_vec) }
}

pub fn settings_and_configuration_with_rising_revisions(store: &mut Store) {
    let setting =
        |key: &str, value: Option<&str>| Write::PutSetting { key: key.into(), value: value.map(str::to_owned) };
    store
        .write_directory(T, &[setting("a", Some("1")), setting("b", Some("2")), setting("a", Some("3"))])
        .expect("write");
    store.write_directory(T, &[setting("b", None)]).expect("write");
    assert_eq!(store.read(|v| v.settings(T)).expect("read"), [("a".to_owned(), "3".to_owned())]);
    assert_eq!(store.read(|v| v.setting(T, "b")).expect("read"), None);

    let first = [config("trunk", "t1", Some(b"x")), config("extension", "e1", Some(b"y"))];
    store.write_directory(T, &first).expect("write");
    let revision = |store: &Store, kind: &str, id: &str| {
        store.read(|v| v.config(T, kind, id)).expect("read").map(|item| item.revision)
    };
    assert_eq!((revision(store, "trunk", "t1"), revision(store, "extension", "e1")), (Some(1), Some(2)));
    store.write_directory(T, &[config("trunk", "t1", None)]).expect("write");
    store.write_directory(T, &[config("trunk", "t1", Some(b"z"))]).expect("write");
    assert_eq!(revision(store, "trunk", "t1"), Some(4), "a revision is never used again");
    assert_eq!(store.read(|v| v.configs(T, Some("trunk"))).expect("read").len(), 1);
    let all = store.read(|v| v.configs(T, None)).expect("read");
    assert_eq!(all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["e1", "t1"]);
    assert_eq!(store.read(|v| v.position(T)).expect("read").expect("a log").revision, 4);
}

pub fn a_batch_carries_directory_writes(store: &mut Store) {
    let batch = Batch {
        tenant: T,
        events: vec![event(1)],
        directory: vec![config("group", "g", Some(b"1")), Write::PutDeviceSecret(device_secret(1, "u", "p"))],
        durable: true,
        ..Batch::default()
    };
    store.append(0, batch.clone()).expect("append");
    assert!(store.append(0, batch).is_err(), "fenced");
    let item = store.read(|v| v.config(T, "group", "g")).expect("read").expect("the item");
    assert_eq!((item.revision, item.bytes), (1, b"1".to_vec()));
    assert!(store.read(|v| v.device_secret(T, 1)).expect("read").is_some());
    let position = store.read(|v| v.position(T)).expect("read").expect("a log");
    assert_eq!((position.last_seq, position.revision), (1, 1));
}
