//! What only a file can do: be damaged, foreign, in use, of another version, copied while calls go on.

mod suite;

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Durability, SCHEMA_VERSION, SqliteOptions, Store, StoreError};
use suite::{T, TempDir, batch, event, grow};

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::sqlite(SqliteOptions::new(path))
}

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("hookswitch.db")
}

#[test]
fn rows_and_epoch_outlive_the_process_and_the_wal_is_folded_in() {
    let dir = TempDir::new();
    let mut store = open(&file(&dir)).expect("open");
    grow(&mut store, 50);
    let before = store.read(|v| v.position(T)).expect("read");
    store.close().expect("close");
    let wal = std::fs::metadata(dir.path().join("hookswitch.db-wal"));
    assert!(wal.map_or(true, |m| m.len() == 0), "a closed file needs no WAL");
    let store = open(&file(&dir)).expect("open again");
    assert_eq!(store.read(|v| v.position(T)).expect("read"), before);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new();
    // One that was made by an earlier version, with the mode that files usually get.
    std::fs::write(file(&dir), "").expect("write");
    std::fs::set_permissions(file(&dir), PermissionsExt::from_mode(0o644)).expect("a mode");
    let mut store = open(&file(&dir)).expect("open");
    grow(&mut store, 3);
    store.reader().backup_to(&dir.path().join("copy.db")).expect("backup");
    for name in ["hookswitch.db", "hookswitch.db-wal", "hookswitch.db-shm", "copy.db"] {
        let mode = std::fs::metadata(dir.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn power_durability_writes_the_same() {
    let dir = TempDir::new();
    let options = SqliteOptions { durability: Durability::Power, ..SqliteOptions::new(file(&dir)) };
    let mut store = Store::sqlite(options).expect("open");
    grow(&mut store, 3);
    assert_eq!(store.read(|v| v.events(T, 3, 9)).expect("read"), [event(3)]);
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let dir = TempDir::new();
    std::fs::write(file(&dir), vec![b'x'; 10_000]).expect("write");
    assert!(matches!(open(&file(&dir)), Err(StoreError::Corrupt(_))));
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let dir = TempDir::new();
    let other = rusqlite::Connection::open(file(&dir)).expect("open");
    other.execute_batch("CREATE TABLE theirs (x)").expect("table");
    drop(other);
    assert!(matches!(open(&file(&dir)), Err(StoreError::Corrupt(_))));
    let other = rusqlite::Connection::open(file(&dir)).expect("open");
    let tables: u32 = other.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).expect("read");
    assert_eq!(tables, 1);
}

#[test]
fn a_later_version_is_refused() {
    let dir = TempDir::new();
    drop(open(&file(&dir)).expect("open"));
    let conn = rusqlite::Connection::open(file(&dir)).expect("open");
    conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1).expect("pragma");
    drop(conn);
    let refused = StoreError::Version { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    assert_eq!(open(&file(&dir)).map(|_| ()), Err(refused));
}

#[test]
fn a_second_writer_is_kept_out_until_the_first_is_gone() {
    let dir = TempDir::new();
    let first = open(&file(&dir)).expect("open");
    assert!(matches!(open(&file(&dir)), Err(StoreError::Io(_))));
    drop(first);
    open(&file(&dir)).expect("the file is free");
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let dir = TempDir::new();
    assert!(matches!(open(&dir.path().join("none/hookswitch.db")), Err(StoreError::Io(_))));
}

#[test]
fn damaged_pages_are_errors_and_never_a_panic() {
    let dir = TempDir::new();
    let pristine = {
        let mut store = open(&file(&dir)).expect("open");
        for n in 0..200 {
            store.append(n * 20, batch(n * 20 + 1..=n * 20 + 20, n + 1..=n + 1)).expect("append");
        }
        store.close().expect("close");
        std::fs::read(file(&dir)).expect("read")
    };
    let pages = pristine.len() / 4_096;
    assert!(pages > 20);
    let mut noticed = 0;
    for page in 0..pages {
        let mut bytes = pristine.clone();
        bytes[page * 4_096..(page + 1) * 4_096].fill(0xa5);
        std::fs::write(file(&dir), &bytes).expect("write");
        // Opening, reading and writing may fail or not, as the page matters to them; the check must see it.
        let sound = open(&file(&dir)).and_then(|mut store| {
            let _ = store.read(|v| v.events(T, 1, usize::MAX));
            let _ = store.read(|v| v.inputs(T, 0, usize::MAX));
            let faults = store.read(|v| v.integrity());
            let _ = store.append(4_000, batch(4_001..=4_001, 201..=201));
            faults
        });
        noticed += usize::from(sound != Ok(Vec::new()));
    }
    assert_eq!(noticed, pages);
}

#[test]
fn a_file_cut_short_is_an_error() {
    let dir = TempDir::new();
    let mut store = open(&file(&dir)).expect("open");
    grow(&mut store, 500);
    store.close().expect("close");
    let length = std::fs::metadata(file(&dir)).expect("metadata").len();
    let mut cut = std::fs::OpenOptions::new().write(true).open(file(&dir)).expect("open");
    cut.set_len(length / 2).expect("cut");
    cut.seek(SeekFrom::End(0)).and_then(|_| cut.write_all(b"tail")).expect("write");
    drop(cut);
    let sound = open(&file(&dir)).and_then(|store| store.read(|v| v.integrity()));
    assert_ne!(sound, Ok(Vec::new()));
}

#[test]
fn a_block_that_does_not_decode_and_a_hole_are_named() {
    let dir = TempDir::new();
    let mut store = open(&file(&dir)).expect("open");
    grow(&mut store, 5);
    let foreign = rusqlite::Connection::open(file(&dir)).expect("open");
    foreign.execute("UPDATE event_block SET bytes = x'ffff' WHERE last = 3", []).expect("damage");
    assert!(matches!(store.read(|v| v.events(T, 1, 9)), Err(StoreError::Corrupt(_))));
    assert_eq!(store.read(|v| v.events(T, 4, 9)).expect("read"), [event(4), event(5)]);
    foreign.execute("DELETE FROM event_block WHERE last = 3", []).expect("damage");
    assert!(matches!(store.read(|v| v.events(T, 1, 9)), Err(StoreError::Corrupt(_))));
    assert_eq!(store.read(|v| v.integrity()).expect("integrity").len(), 1);
}

#[test]
fn a_backup_under_load_is_exact_and_starts_a_new_life() {
    let dir = TempDir::new();
    let mut store = open(&file(&dir)).expect("open");
    grow(&mut store, 10);
    let life = store.read(|v| v.position(T)).expect("read").expect("a log").epoch;
    let reader = store.reader();
    let copied = Arc::new(AtomicBool::new(false));
    let target = dir.path().join("copy.db");
    let backup = {
        let (target, copied) = (target.clone(), Arc::clone(&copied));
        std::thread::spawn(move || {
            let answer = reader.backup_to(&target);
            copied.store(true, Ordering::Release);
            (answer, reader.backup_to(&target))
        })
    };
    while !copied.load(Ordering::Acquire) {
        grow(&mut store, 1);
    }
    let (first, second) = backup.join().expect("no panic");
    assert_eq!(first, Ok(()));
    assert!(matches!(second, Err(StoreError::Refused(_))), "a backup overwrites nothing");

    let mut restored = open(&target).expect("the copy opens");
    assert_eq!(restored.read(|v| v.integrity()).expect("integrity"), Vec::<String>::new());
    let position = restored.read(|v| v.position(T)).expect("read").expect("a log");
    assert_ne!(position.epoch, life);
    assert!(position.last_seq >= 10);
    grow(&mut restored, 1);
    drop(restored);
    let again = open(&target).expect("open").read(|v| v.position(T)).expect("read").expect("a log");
    assert_eq!(again.epoch, position.epoch, "the new life goes on");
    assert_eq!(store.read(|v| v.position(T)).expect("read").expect("a log").epoch, life, "so does the old one");
}
