//! Reading beside the writer.

use store::{Account, Batch, DirectoryWrite, Store};

use super::{T, batch, event};

pub fn a_reader_sees_what_is_committed(store: &mut Store) {
    store.append(0, batch(1..=2, 1..=1)).expect("append");
    let reader = store.reader();
    assert_eq!(reader.read(|v| v.events(T, 1, 9)).expect("read"), [event(1), event(2)]);
    store.append(2, batch(3..=3, 2..=2)).expect("append");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let reader = reader.clone();
            std::thread::spawn(move || {
                for _ in 0..20 {
                    let read = reader.read(|v| Ok((v.position(T)?, v.events(T, 1, 99)?)));
                    let (position, events) = read.expect("read");
                    assert_eq!(position.expect("a log").last_seq, events.len() as u64, "one state in one read");
                }
            })
        })
        .collect();
    for n in 4..40 {
        store.append(n - 1, batch(n..=n, n - 1..=n - 1)).expect("append");
    }
    for thread in threads {
        thread.join().expect("no reader failed");
    }
    assert_eq!(reader.read(|v| v.events(T, 39, 9)).expect("read"), [event(39)]);
}

pub fn a_reader_is_told_that_the_directory_has_changed(store: &mut Store) {
    store.append(0, batch(1..=1, 1..=1)).expect("append");
    let reader = store.reader();
    let mut known = reader.directory_version();
    let mut changed = || {
        let version = reader.directory_version();
        std::mem::replace(&mut known, version) != version
    };
    store.append(1, batch(2..=2, 2..=2)).expect("append");
    assert!(!changed(), "events are no change of the directory");
    let account = |user: &str| Account {
        door: "fusion".to_owned(),
        user: user.to_owned(),
        password_hash: "hash".to_owned(),
        settings: "{}".to_owned(),
    };
    store.write_directory(T, &[DirectoryWrite::PutAccount(account("u"))]).expect("write");
    assert!(changed());
    store.write_directory(T, &[DirectoryWrite::TouchToken { id: "ops".to_owned(), at_ms: 1 }]).expect("write");
    assert!(!changed(), "a use is none either");
    let drop = DirectoryWrite::DropAccount { door: "fusion".to_owned(), user: "u".to_owned() };
    store.append(2, Batch { directory: vec![drop], ..batch(3..=3, 3..=3) }).expect("append");
    assert!(changed() && !changed(), "once for each");
    assert_eq!(store.reader().directory_version(), reader.directory_version(), "every reader knows");
}
