//! The exchange as the store knows it: latest snapshot, then the journaled inputs again.
//!
//! The events that the inputs produce are compared with the logged ones. They are equal, because the core is deterministic; a
//! difference means that another version wrote the journal or that the file was changed. Then the exchange begins anew from the
//! log alone: live calls end with EngineLost, records stay.

use anyhow::{Context, bail};
use store::{Reader, Tenant};
use switching::event::Event;
use switching::time::Time;
use switching::{Input, Output, Switch};

/// Rows that are read at a time.
const PAGE: usize = 1_000;

/// What was found.
pub struct Recovered {
    /// The core, as it was after its last committed input.
    pub switch: Switch,
    /// Number of that input.
    pub input_no: u64,
    /// How many inputs were played again.
    pub replayed: u64,
    /// The journal did not fit: the core was made from the log, and a snapshot must be kept before anything else.
    pub adopted: bool,
}

/// Restores one tenant.
///
/// # Errors
///
/// When the store cannot be read, or neither journal nor log lead to a state.
pub fn recover(reader: &Reader, tenant: Tenant) -> anyhow::Result<Recovered> {
    match replay(reader, tenant) {
        Ok(recovered) => Ok(recovered),
        Err(why) => {
            tracing::error!(
                why = format!("{why:#}"),
                "the journal cannot be played again: live calls end, the log goes on"
            );
            adopt(reader, tenant)
                .with_context(|| format!("and the log alone does not lead to a state either ({why:#})"))
        }
    }
}

/// The core from the log alone.
fn adopt(reader: &Reader, tenant: Tenant) -> anyhow::Result<Recovered> {
    let snapshot = reader.read(|view| view.latest_snapshot(tenant)).context("reading the snapshot")?;
    let readable = snapshot.filter(|snapshot| Switch::restore(&snapshot.bytes).is_some());
    let mut next = readable.as_ref().map_or(1, |snapshot| snapshot.seq + 1);
    let mut events: Vec<Event> = Vec::new();
    loop {
        let page = reader.read(|view| view.events(tenant, next, PAGE)).context("reading the log")?;
        let Some(last) = page.last().map(|row| row.seq) else { break };
        for row in page {
            anyhow::ensure!(row.seq == next, "the log begins with event {} where {next} is needed", row.seq);
            events.push(minicbor::decode(&row.bytes).with_context(|| format!("event {} cannot be read", row.seq))?);
            next += 1;
        }
        debug_assert_eq!(next, last + 1);
    }
    let switch = Switch::from_log(readable.as_ref().map(|snapshot| snapshot.bytes.as_slice()), events)
        .context("the snapshot cannot be read")?;
    let position = reader.read(|view| view.position(tenant))?.context("the log has no position")?;
    Ok(Recovered { switch, input_no: position.last_input, replayed: 0, adopted: true })
}

fn replay(reader: &Reader, tenant: Tenant) -> anyhow::Result<Recovered> {
    let snapshot = reader.read(|view| view.latest_snapshot(tenant)).context("reading the snapshot")?;
    let (mut switch, mut input_no) = match snapshot {
        Some(snapshot) => {
            let switch = Switch::restore(&snapshot.bytes).context(
                "the snapshot was written by another version; stop that version properly before the upgrade",
            )?;
            (switch, snapshot.input_no)
        }
        None => (Switch::new(), 0),
    };
    let mut log = Log { reader, tenant, next: switch.picture().seq + 1, page: Vec::new() };
    let mut replayed = 0;
    loop {
        let page = reader.read(|view| view.inputs(tenant, input_no, PAGE)).context("reading the journal")?;
        if page.is_empty() {
            break;
        }
        for stored in page {
            let input: Input = minicbor::decode(&stored.bytes)
                .with_context(|| format!("input {} of the journal is of another version", stored.no))?;
            switch.handle(Time(stored.at_ms), input);
            while let Some(output) = switch.poll() {
                if let Output::Event(event) = output {
                    log.compare(&event)?;
                }
            }
            input_no = stored.no;
            replayed += 1;
        }
    }
    if let Some(event) = log.next_logged()? {
        bail!("the log goes on with event {} where the journal ends", event.seq);
    }
    Ok(Recovered { switch, input_no, replayed, adopted: false })
}

struct Log<'a> {
    reader: &'a Reader,
    tenant: Tenant,
    next: u64,
    page: Vec<store::Event>,
}

impl Log<'_> {
    fn compare(&mut self, event: &Event) -> anyhow::Result<()> {
        let Some(logged) = self.next_logged()? else {
            bail!("the journal goes on with event {} where the log ends", event.seq);
        };
        let bytes = minicbor::to_vec(event).context("encoding an event")?;
        if logged.seq != event.seq || logged.bytes != bytes {
            bail!("event {} of the log is not what the journal leads to", event.seq);
        }
        Ok(())
    }

    fn next_logged(&mut self) -> anyhow::Result<Option<store::Event>> {
        if self.page.is_empty() {
            let (tenant, next) = (self.tenant, self.next);
            let mut page = self.reader.read(|view| view.events(tenant, next, PAGE)).context("reading the log")?;
            page.reverse();
            self.page = page;
        }
        let event = self.page.pop();
        if let Some(event) = &event {
            self.next = event.seq + 1;
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Batch, Store};
    use switching::command::{Command, Configure, DeviceName, Guard, LegOptions, MakeCall, Principal, ReplyAt, Verb};
    use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, Names};
    use switching::engine::{Contact, EngineInput};
    use switching::id::{DeviceId, RequestId};
    use switching::model::{FailTone, Prompt};
    use switching::party::Digits;

    fn by() -> Principal {
        Principal { door: "test".to_owned(), account: String::new() }
    }

    fn inputs() -> Vec<Input> {
        let number = |text: &str| Digits::parse(text).expect("a number");
        let device = |text: &str| DeviceConfig {
            kind: DeviceKind::Simulated,
            names: Names { number: Some(number(text)), sip: None, resource: None },
            lines_max: 2,
            can: Capabilities::default(),
            context: String::new(),
            display_name: String::new(),
            class: ClassOfService::default(),
        };
        let put = |request, text: &str| {
            let change = Change::PutDevice { id: None, config: Box::new(device(text)) };
            Input::Configure(Box::new(Configure { request: RequestId(request), by: by(), change }))
        };
        let contact = Contact { ip: String::new(), port: 0, transport: String::new(), user_agent: String::new() };
        let verb = Verb::MakeCall(Box::new(MakeCall {
            from: DeviceName::Id(DeviceId(1)),
            to: number("2"),
            prompt: Prompt::Ring,
            first: LegOptions::default(),
            second: LegOptions::default(),
            as_number: None,
            fail_tone: FailTone::Reject,
            talk_limit_ms: None,
            vars: Default::default(),
            custom: Default::default(),
            correlator: None,
            check: Default::default(),
        }));
        let command = Command {
            request: RequestId(3),
            by: by(),
            key: None,
            guard: Guard::default(),
            reply: ReplyAt::Accepted,
            deadline_ms: None,
            verb,
        };
        vec![
            put(1, "1"),
            put(2, "2"),
            Input::Engine(EngineInput::Registration { device: DeviceId(1), contacts: vec![contact] }),
            Input::Command(Box::new(command)),
        ]
    }

    /// A store with a journal and its log; `spoil` changes what is written of the journal.
    fn stored(spoil: impl Fn(u64, &mut Vec<u8>)) -> Store {
        let mut store = Store::memory();
        store.open_log(1).expect("a log");
        let mut switch = Switch::new();
        for (no, input) in (1..).zip(inputs()) {
            let seq = switch.picture().seq;
            let mut bytes = minicbor::to_vec(&input).expect("encoded");
            spoil(no, &mut bytes);
            let mut batch = Batch { tenant: 1, ..Batch::default() };
            batch.inputs.push(store::Input { no, at_ms: no * 10, bytes });
            switch.handle(Time(no * 10), input);
            while let Some(output) = switch.poll() {
                if let Output::Event(event) = output {
                    let bytes = minicbor::to_vec(&event).expect("encoded");
                    batch.events.push(store::Event { seq: event.seq, at_ms: no * 10, bytes });
                }
            }
            store.append(seq, batch).expect("appended");
        }
        assert_eq!(switch.picture().calls.len(), 1, "a call is up when it ends");
        store
    }

    #[test]
    fn a_journal_that_fits_is_played_again() {
        let store = stored(|_, _| {});
        let recovered = recover(&store.reader(), 1).expect("recovered");
        assert!(!recovered.adopted);
        assert_eq!((recovered.replayed, recovered.switch.picture().calls.len()), (4, 1));
    }

    #[test]
    fn a_journal_that_does_not_fit_costs_the_live_calls_and_nothing_else() {
        let store = stored(|no, bytes| {
            if no == 2 {
                bytes.truncate(1);
            }
        });
        let mut recovered = recover(&store.reader(), 1).expect("recovered");
        assert!(recovered.adopted);
        assert_eq!(recovered.input_no, 4);
        assert_eq!(recovered.switch.picture().devices.len(), 2);
        assert!(recovered.switch.picture().calls.is_empty());
        let mut records = 0;
        while let Some(output) = recovered.switch.poll() {
            if let Output::Record(record) = output {
                assert!(record.balances());
                records += 1;
            }
        }
        assert_eq!(records, 1);
        recovered.switch.audit();
    }
}
