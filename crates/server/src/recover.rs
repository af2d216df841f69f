//! The exchange as the store knows it: latest snapshot, then the journaled inputs again.
//!
//! The events that the inputs produce are compared with the logged ones. They are equal, because the core is deterministic; a
//! difference would mean that another version wrote the journal or that the file was changed, and is refused with words.

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
}

/// Restores one tenant.
///
/// # Errors
///
/// When the store cannot be read, or the journal does not fit the log.
pub fn recover(reader: &Reader, tenant: Tenant) -> anyhow::Result<Recovered> {
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
    Ok(Recovered { switch, input_no, replayed })
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
