//! Questions of doors that the store answers: records, events, credentials, backups. None of them runs on the driver's thread.

use crate::admitted::{Admitted, Proof};
use crate::tokens::Tokens;
use dialects::common::ask::{Ask, Fault, Identity, PARTIES_MAX, ParkedPush, RecordQuery, RecordScan};
use dialects::common::clock::Clock;
use dialects::common::exchange::ByHeart;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use store::secret::{self, Verified};
use store::{DirectoryWrite, LaidPush, PartyFilter, RecordCursor, StoreError, StoreHandle, Tenant};
use switching::event::Event;
use switching::id::CallId;
use switching::record::CallRecord;
use switching::time::Time;

/// Verified passwords are remembered for this long, in milliseconds: who comes once in a while is not kept waiting for argon2.
const VERIFIED_MS: u64 = 900_000;
/// Names in one list that a door keeps.
const KEPT_MAX: usize = 10_000;
/// Octets of a backup's file name.
const BACKUP_NAME_LEN_MAX: usize = 64;

// Else the store would look for some of them alone.
const _: () = assert!(PARTIES_MAX <= store::PARTY_FILTER_MAX);

/// Answers from the store.
#[derive(Clone)]
pub struct Answerer(Arc<Inner>);

struct Inner {
    store: StoreHandle,
    tenant: Tenant,
    clock: Clock,
    tokens: Tokens,
    backups: PathBuf,
    verified: Verified,
    admitted: Admitted,
    /// Hash of a password that opens nothing.
    nobody: OnceLock<String>,
}

impl Answerer {
    /// One for a tenant; backups go below `data`.
    ///
    /// # Errors
    ///
    /// When the system gives no random octets.
    pub fn new(store: StoreHandle, tenant: Tenant, clock: Clock, data: &Path) -> Result<Self, StoreError> {
        let (verified, admitted) = (Verified::new(VERIFIED_MS)?, Admitted::new(VERIFIED_MS)?);
        let tokens = Tokens::new(store.clone(), tenant, clock.clone());
        Ok(Self(Arc::new(Inner {
            tokens,
            store,
            tenant,
            clock,
            backups: data.join("backups"),
            verified,
            admitted,
            nobody: OnceLock::new(),
        })))
    }

    /// Answers one question. Blocks: for a thread that may.
    pub fn answer(&self, ask: Ask) {
        // Whoever asked may have gone; then nobody needs the answer.
        match ask {
            Ask::Records(query, back) => drop(back.send(self.records(&query))),
            Ask::Scan(scan, back) => drop(back.send(self.scan(scan))),
            Ask::Remove { list, calls, back } => drop(back.send(self.remove(list, &calls))),
            Ask::Record(call, back) => drop(back.send(self.record(call))),
            Ask::Events { from, most, back } => drop(back.send(self.events(from, most))),
            Ask::Token { text, from, back } => drop(back.send(self.0.tokens.admit(&text, from))),
            Ask::Tokens(back) => drop(back.send(self.0.tokens.list())),
            Ask::MakeToken(wanted, back) => drop(back.send(self.0.tokens.make(wanted))),
            Ask::DropToken { id, back } => drop(back.send(self.0.tokens.end(id))),
            Ask::Login { door, user, password, otherwise, back } => {
                let (door, otherwise) = (door.as_str(), otherwise.as_deref());
                let proof = Proof::Login { door, otherwise, user: &user, password: &password };
                drop(back.send(self.admit(proof, |it| it.login(door, otherwise, &user, &password))));
            }
            Ask::Code { door, code, back } => {
                let proof = Proof::Code { door: &door, code: &code };
                drop(back.send(self.admit(proof, |it| it.code(&door, &code))));
            }
            Ask::Backup { name, back } => drop(back.send(self.backup(&name))),
            Ask::Trace(_, back) => drop(back.send(Err(Fault::NotFound))),
            Ask::Test(_, back) => drop(back.send(Err(Fault::NotFound))),
            Ask::Parked(back) => drop(back.send(self.parked())),
            Ask::Replay { id, back } => drop(back.send(self.replay(id))),
            Ask::Kept { door, list, back } => drop(back.send(self.kept(&door, &list))),
            Ask::Keep { door, list, name, kept, back } => drop(back.send(self.keep(&door, &list, name, kept))),
        }
    }

    fn records(&self, query: &RecordQuery) -> Result<Vec<CallRecord>, Fault> {
        let tenant = self.0.tenant;
        let query = store::RecordQuery {
            party: match &query.parties[..] {
                [] => PartyFilter::Any,
                parties => PartyFilter::OneOf(parties.to_vec()),
            },
            from_ms: query.from.map_or(0, |from| from.0),
            to_ms: query.to.map_or(u64::MAX, |to| to.0),
            limit: query.limit as usize,
            cursor: query.before.map(cursor),
        };
        let page = self.0.store.reader().read(|view| view.records(tenant, &query)).map_err(fault)?;
        page.rows.iter().map(|row| decode(&row.bytes)).collect()
    }

    fn scan(&self, scan: RecordScan) -> Result<Vec<CallRecord>, Fault> {
        let tenant = self.0.tenant;
        let scan = store::RecordScan {
            party: scan.party,
            from_ms: scan.from.map_or(0, |from| from.0),
            to_ms: scan.to.map_or(u64::MAX, |to| to.0),
            calls: scan.calls,
            list: Some(scan.list.to_owned()),
            after: scan.after.map(cursor),
            limit: scan.limit as usize,
        };
        let rows = self.0.store.reader().read(|view| view.scan(tenant, &scan)).map_err(fault)?;
        rows.iter().map(|row| decode(&row.bytes)).collect()
    }

    fn remove(&self, list: &'static str, calls: &[CallId]) -> Result<u64, Fault> {
        let (tenant, calls) = (self.0.tenant, calls.iter().map(|call| call.0).collect::<Vec<_>>());
        self.0.store.call(move |store| store.remove_records(tenant, list, &calls)).map_err(fault)
    }

    fn record(&self, call: CallId) -> Result<CallRecord, Fault> {
        let tenant = self.0.tenant;
        let row = self.0.store.reader().read(|view| view.record(tenant, call.0)).map_err(fault)?;
        decode(&row.ok_or(Fault::NotFound)?.bytes)
    }

    fn events(&self, from: u64, most: usize) -> Result<Vec<Event>, Fault> {
        let tenant = self.0.tenant;
        let rows = self.0.store.reader().read(|view| view.events(tenant, from, most)).map_err(fault)?;
        match rows.first() {
            Some(first) if first.seq > from => Err(Fault::Gone { oldest: first.seq }),
            Some(_) | None => rows.iter().map(|row| decode(&row.bytes)).collect(),
        }
    }

    /// Looks who it is, and keeps it in mind.
    fn admit(&self, proof: Proof, look: impl FnOnce(&Self) -> Option<Identity>) -> Option<Identity> {
        // Before the look: a change that comes in between outdates what was seen.
        let version = self.0.store.reader().directory_version();
        let identity = look(self)?;
        self.0.admitted.remember(proof, identity.clone(), version, self.0.clock.now().0);
        Some(identity)
    }

    fn recall(&self, proof: Proof) -> Option<Identity> {
        self.0.admitted.recall(proof, self.0.store.reader().directory_version(), self.0.clock.now().0)
    }

    fn login(&self, door: &str, otherwise: Option<&str>, user: &str, password: &str) -> Option<Identity> {
        let account_at = |door| {
            let tenant = self.0.tenant;
            self.0.store.reader().read(|view| view.account(tenant, door, user)).ok()
        };
        let known = match (account_at(door)?, otherwise) {
            (None, Some(other)) => account_at(other)?,
            (known, _) => known,
        };
        let Some(account) = known else {
            self.try_nobodys(password);
            return None;
        };
        let now_ms = self.0.clock.now().0;
        if !self.0.verified.verify(&account.password_hash, password, now_ms) {
            return None;
        }
        Some(identity(user.to_owned(), &account.settings))
    }

    /// Takes as long as looking at a known user's password does, so that time does not tell which users there are.
    fn try_nobodys(&self, password: &str) {
        let hash = self.0.nobody.get_or_init(|| secret::password_hash("nobody's").unwrap_or_default());
        let _ = secret::verify(hash, password);
    }

    fn code(&self, door: &str, code: &str) -> Option<Identity> {
        let tenant = self.0.tenant;
        let hash = secret::sha256(code.as_bytes());
        let known = self.0.store.reader().read(|view| view.api_code(tenant, door, &hash)).ok()??;
        Some(identity(known.label, &known.settings))
    }

    fn parked(&self) -> Result<Vec<ParkedPush>, Fault> {
        let tenant = self.0.tenant;
        let parked = self.0.store.reader().read(|view| view.parked(tenant, store::PAGE_MAX)).map_err(fault)?;
        let shown = |push: LaidPush| {
            let LaidPush { id, endpoint, message, tries, .. } = push;
            ParkedPush { id, endpoint, message, tries }
        };
        Ok(parked.into_iter().map(shown).collect())
    }

    fn replay(&self, id: u64) -> Result<bool, Fault> {
        let (tenant, now_ms) = (self.0.tenant, self.0.clock.now().0);
        self.0.store.call(move |store| store.replay_push(tenant, id, now_ms)).map_err(fault)
    }

    fn kept(&self, door: &str, list: &str) -> Result<Vec<String>, Fault> {
        let (tenant, kind) = (self.0.tenant, kept_kind(door, list));
        let items = self.0.store.reader().read(|view| view.configs(tenant, Some(&kind))).map_err(fault)?;
        Ok(items.into_iter().map(|item| item.id).collect())
    }

    fn keep(&self, door: &str, list: &str, name: String, kept: bool) -> Result<bool, Fault> {
        let (tenant, kind) = (self.0.tenant, kept_kind(door, list));
        let changed = self.0.store.call(move |store| {
            let known = store.read(|view| view.configs(tenant, Some(&kind)))?;
            if known.iter().any(|item| item.id == name) == kept {
                return Ok(Some(false));
            }
            if kept && known.len() >= KEPT_MAX {
                return Ok(None);
            }
            let bytes = kept.then(Vec::new);
            store.write_directory(tenant, &[DirectoryWrite::PutConfig { kind, id: name, bytes }])?;
            Ok(Some(true))
        });
        changed.map_err(fault)?.ok_or_else(|| Fault::Store(format!("more than {KEPT_MAX} names in one list")))
    }

    fn backup(&self, name: &str) -> Result<u64, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > BACKUP_NAME_LEN_MAX || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(Fault::Value("name: letters, digits, dot, dash and underscore".to_owned()));
        }
        std::fs::create_dir_all(&self.0.backups).map_err(|error| Fault::Store(error.to_string()))?;
        let path = self.0.backups.join(name);
        if path.exists() {
            return Err(Fault::Value("name: there is a backup of this name".to_owned()));
        }
        self.0.store.reader().backup_to(&path).map_err(fault)?;
        std::fs::metadata(&path).map(|file| file.len()).map_err(|error| Fault::Store(error.to_string()))
    }
}

impl ByHeart for Answerer {
    fn answer(&self, ask: Ask) -> Option<Ask> {
        let known = proof(&ask).and_then(|proof| self.recall(proof));
        match (known, ask) {
            (Some(identity), Ask::Login { back, .. } | Ask::Code { back, .. }) => {
                // Whoever asked may have gone.
                drop(back.send(Some(identity)));
                None
            }
            (_, ask) => Some(ask),
        }
    }
}

/// What a question gives as proof of somebody.
fn proof(ask: &Ask) -> Option<Proof<'_>> {
    if let Ask::Login { door, user, password, otherwise, .. } = ask {
        return Some(Proof::Login { door, otherwise: otherwise.as_deref(), user, password });
    }
    if let Ask::Code { door, code, .. } = ask {
        return Some(Proof::Code { door, code });
    }
    None
}

/// Kind of the configuration items that are such a list.
fn kept_kind(door: &str, list: &str) -> String {
    format!("kept/{door}/{list}")
}

fn identity(account: String, settings: &str) -> Identity {
    let settings: BTreeMap<String, String> = serde_json::from_str(settings).unwrap_or_default();
    let scopes = settings.get("scopes").map(|scopes| scopes.split_whitespace().map(str::to_owned).collect());
    Identity { account, scopes: scopes.unwrap_or_default(), settings }
}

/// A place in the store's order of records: when the call began, and its number.
fn cursor((began, call): (Time, CallId)) -> RecordCursor {
    RecordCursor { started_ms: began.0, call: call.0 }
}

fn decode<T: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> Result<T, Fault> {
    minicbor::decode(bytes).map_err(|error| Fault::Store(format!("a stored row is damaged: {error}")))
}

pub(crate) fn fault(error: StoreError) -> Fault {
    Fault::Store(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Account, ApiCode, Pace, Store, StoreThread};
    use tokio::sync::oneshot::{Receiver, channel};

    const TENANT: Tenant = 1;

    fn login(password: &str) -> (Ask, Receiver<Option<Identity>>) {
        let (back, answer) = channel();
        let (door, user, password) = ("one".to_owned(), "u".to_owned(), password.to_owned());
        (Ask::Login { door, user, password, otherwise: None, back }, answer)
    }

    fn code() -> (Ask, Receiver<Option<Identity>>) {
        let (back, answer) = channel();
        (Ask::Code { door: "another".to_owned(), code: "c".to_owned(), back }, answer)
    }

    #[test]
    fn behind_a_record_that_has_gone_there_are_none() {
        let thread = StoreThread::spawn(Store::memory(), Pace::default()).expect("a thread");
        let clock = Clock::stopped(Time(1_000));
        let answerer = Answerer::new(thread.handle(), TENANT, clock, Path::new("none")).expect("random octets");
        let (back, mut answer) = channel();
        let query = RecordQuery { before: Some((Time(7), CallId(7))), limit: 10, ..RecordQuery::default() };
        answerer.answer(Ask::Records(query, back));
        assert_eq!(answer.try_recv(), Ok(Ok(Vec::new())));
    }

    #[test]
    fn who_was_admitted_is_known_by_heart_until_the_directory_changes() {
        let thread = StoreThread::spawn(Store::memory(), Pace::default()).expect("a thread");
        let store = thread.handle();
        let write = |write: DirectoryWrite| {
            store.call(move |store| store.write_directory(TENANT, &[write])).expect("written");
        };
        let settings = "{}".to_owned();
        let password_hash = secret::password_hash("p").expect("hash");
        let (door, user) = ("one".to_owned(), "u".to_owned());
        write(DirectoryWrite::PutAccount(Account { door, user, password_hash, settings: settings.clone() }));
        let hash = secret::sha256(b"c");
        let (door, label) = ("another".to_owned(), "me".to_owned());
        write(DirectoryWrite::PutApiCode(ApiCode { door, hash, label, settings }));
        let clock = Clock::stopped(Time(1_000));
        let answerer = Answerer::new(store.clone(), TENANT, clock.clone(), Path::new("none")).expect("random octets");
        let by_heart = |(ask, mut answer): (Ask, Receiver<Option<Identity>>)| {
            ByHeart::answer(&answerer, ask).is_none().then(|| answer.try_recv().expect("answered").map(|it| it.account))
        };
        let looked_up = |(ask, mut answer): (Ask, Receiver<Option<Identity>>)| {
            answerer.answer(ask);
            answer.try_recv().expect("answered").map(|it| it.account)
        };
        assert_eq!((by_heart(login("p")), by_heart(code())), (None, None), "nobody has come yet");
        assert_eq!(looked_up(login("wrong")), None);
        assert_eq!(by_heart(login("wrong")), None, "nor is who was wrong known");
        assert_eq!((looked_up(login("p")), looked_up(code())), (Some("u".to_owned()), Some("me".to_owned())));
        assert_eq!(by_heart(login("p")), Some(Some("u".to_owned())));
        assert_eq!(by_heart(code()), Some(Some("me".to_owned())));
        assert_eq!(by_heart(login("wrong")), None);
        clock.advance_to(Time(1_000 + VERIFIED_MS));
        assert_eq!(by_heart(login("p")), None, "that was long ago");
        assert_eq!(looked_up(login("p")), Some("u".to_owned()));
        write(DirectoryWrite::DropAccount { door: "one".to_owned(), user: "u".to_owned() });
        assert_eq!(by_heart(login("p")), None, "it was withdrawn");
        assert_eq!(looked_up(login("p")), None);
        assert_eq!(looked_up(code()), Some("me".to_owned()));
    }
}
