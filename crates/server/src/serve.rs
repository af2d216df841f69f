//! Starting and stopping the program.
//!
//! Threads: the *exchange* thread owns the core, its engines and the SIP sockets; the *store* thread commits, and shows what is
//! committed; the *doors* serve HTTP, WebSocket and TCP clients. A stop ends all calls, keeps a snapshot and closes the store.

use crate::asks::Answerer;
use crate::config::{self, Config};
use crate::doors::{Doors, Listeners, Office, announce};
use crate::driver::{Driver, Parts, Wire};
use crate::maintenance::Maintenance;
use crate::metrics::Metrics;
use crate::projector::Projector;
use crate::recover::{Recovered, recover};
use crate::sip_io::{SipSockets, StreamLimits};
use crate::tokens::operator_token;
use crate::{memory, seed, telemetry, telephony};
use anyhow::Context;
use dialects::common::clock::Clock;
use dialects::common::exchange::{Backlog, Exchange};
use engines::Engines;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{DirectoryWrite, Durability, Pace, SqliteOptions, Store, StoreHandle, StoreThread, Tenant};
use switching::id::LegId;
use switching::time::Time;
use tokio::sync::oneshot;

/// The one tenant of this version.
pub const TENANT: Tenant = 1;
/// Files that a thousand calls need, four sockets each, and as much again.
const OPEN_FILES_WANTED: u64 = 65_536;

/// Threads that serve clients, at most.
const DOOR_THREADS_MAX: usize = 2;

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clocking {
    /// By itself.
    Runs,
    /// Only when test control says so: for tests of applications, with simulated phones.
    Stands,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// When the store cannot be opened or recovered, a listener cannot be bound, or the store failed while serving.
pub fn run(config: Config, time: Clocking) -> anyhow::Result<()> {
    telemetry::start(&config.log);
    match media::raise_open_file_limit(OPEN_FILES_WANTED) {
        Ok(files) => tracing::debug!(files, "open-file limit"),
        Err(error) => tracing::warn!(%error, "the open-file limit could not be raised; it bounds the number of calls"),
    }
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("creating the data directory {}", config.data_dir.display()))?;
    let store = open_store(&config)?;
    let outcome = serve(&config, &store, time);
    let closed = store.stop().context("closing the store");
    outcome.and(closed)
}

fn open_store(config: &Config) -> anyhow::Result<StoreThread> {
    let path = config.data_dir.join("hookswitch.db");
    let mut options = SqliteOptions::new(&path);
    options.durability = match config.durability {
        config::Durability::Process => Durability::Process,
        config::Durability::Power => Durability::Power,
    };
    let store = Store::sqlite(options).with_context(|| format!("opening {}", path.display()))?;
    Ok(StoreThread::spawn(store, Pace::default())?)
}

fn serve(config: &Config, store: &StoreThread, time: Clocking) -> anyhow::Result<()> {
    let handle = store.handle();
    let position = handle.open_log(TENANT)?;
    let Recovered { switch, input_no, replayed, adopted } = recover(handle.reader(), TENANT)?;
    tracing::info!(seq = switch.picture().seq, replayed, "recovered");
    let unix_ms = unix_ms();
    // The exchange's time never goes back, also when the machine's clock did while it was away.
    let base = switch.now().max(Time(unix_ms));
    let offset_ms = i64::try_from(unix_ms).unwrap_or(i64::MAX) - i64::try_from(base.0).unwrap_or(i64::MAX);
    let clock = match time {
        Clocking::Runs => Clock::real(base, offset_ms),
        Clocking::Stands => Clock::stopped(base),
    };
    let first = switch.picture().devices.is_empty();
    let (exchange, queue) = Exchange::new(switch.picture().clone(), format!("ep_{}", position.epoch), clock.clone());
    let doors_runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(door_threads())
        .thread_name("doors")
        .enable_all()
        .build()
        .context("starting the doors' threads")?;
    let metrics = Arc::new(Metrics::default());
    let sockets = SipSockets::bind(&config.listen.sip_udp, &config.listen.sip_tcp, config::bind_advice)?;
    let listeners = Listeners::bind(config)?;
    let mut bound: Vec<(&'static str, SocketAddr)> = sockets.bound();
    bound.extend(listeners.bound());
    let office =
        Office { config, exchange: &exchange, metrics: &metrics, bound: &bound, store: &handle, tenant: TENANT };
    let mut doors = Doors::open(&office)?;
    let answerer = Answerer::new(handle.clone(), TENANT, clock.clone(), &config.data_dir)?;
    exchange.learn_by_heart(Arc::new(answerer.clone()));
    let projector = Projector::new(exchange, doors.take_frames());
    let pacer = Arc::clone(&projector);
    doors_runtime.spawn(async move { pacer.pace().await });
    let media = Arc::new(tokio::sync::Notify::new());
    let sip = telephony::engine(config, &handle, unix_ms, &media)?;
    let mut driver = Driver::new(Parts {
        switch,
        engines: Engines::new(sip, unix_ms),
        clock,
        store: handle.clone(),
        tenant: TENANT,
        input_no,
        projector: Arc::clone(&projector),
        answerer,
        blocking: doors_runtime.handle().clone(),
        media,
        metrics: Arc::clone(&metrics),
        maintenance: Maintenance::new(&config.retention, input_no, base),
    });
    driver.take_inventory();
    if adopted {
        // What the journal cannot lead to must be kept before anything is built on it.
        let snapshot = driver.snapshot();
        handle.call(move |store| store.put_snapshot(TENANT, &snapshot)).context("keeping the snapshot")?;
    }
    if first {
        seed::seed(&mut driver, config).context("seeding the empty database")?;
    }
    write_token(config, &handle, &mut driver, unix_ms)?;
    driver.settle();
    for device in telephony::devices(config, &handle, driver.picture())? {
        driver.put_sip_device(device);
    }
    for (phone, after_ms) in seed::simulated_phones(&handle, TENANT).context("reading what simulated phones do")? {
        driver.answer_by_itself(phone, after_ms);
    }

    memory::give_back(&handle, doors_runtime.handle());
    let wire = wire(config, &handle, sockets)?;
    config::write_listen_json(&config.data_dir, &bound).context("writing listen.json")?;
    if config.demo {
        config::write_demo_json(&config.data_dir, config).context("writing demo.json")?;
    }

    let (stop, stopped) = oneshot::channel();
    let exchange_thread = std::thread::Builder::new().name("exchange".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        anyhow::Ok(runtime.context("starting the exchange thread")?.block_on(driver.run(wire, queue, stopped))?)
    })?;
    doors_runtime.block_on(async {
        doors.serve(listeners);
        announce(config, &bound);
        wait_for_signal().await
    })?;
    tracing::info!("stopping");
    // The exchange may have ended by itself.
    let _ = stop.send(());
    let driver = exchange_thread.join().map_err(|_| anyhow::anyhow!("the exchange thread panicked"))??;
    let snapshot = driver.snapshot();
    handle.call(move |store| store.put_snapshot(TENANT, &snapshot)).context("keeping the snapshot")?;
    projector.bring_up();
    doors_runtime.shutdown_background();
    Ok(())
}

/// The sockets, and what a former life left for them.
fn wire(config: &Config, store: &StoreHandle, sockets: SipSockets) -> anyhow::Result<Wire> {
    let (registrations, orphans) =
        store.reader().read(|view| Ok((view.registrations(TENANT)?, view.checkpoints(TENANT)?)))?;
    let bindings = registrations.into_iter().filter_map(|row| Some((row.aor, row.bytes?))).collect();
    let orphans = orphans.into_iter().map(|(leg, stored)| (LegId(leg), stored)).collect();
    let limits = StreamLimits {
        total: config.limits.connections as usize,
        per_source: config.limits.connections_per_source as usize,
    };
    Ok(Wire { sockets, limits, bindings, orphans })
}

/// The command line's token: made once, and anew when its file is gone.
fn write_token(config: &Config, store: &StoreHandle, driver: &mut Driver, now_ms: u64) -> anyhow::Result<()> {
    let path = config.data_dir.join(config::TOKEN_FILE);
    let known = store.reader().read(|view| view.token(TENANT, "operator"))?;
    if known.is_some() && path.exists() {
        return Ok(());
    }
    let (text, write) = operator_token(now_ms)?;
    driver.write_directory(vec![DirectoryWrite::DropToken { id: "operator".to_owned() }, write]);
    config::write_private(&path, &text).context("writing console.token")
}

async fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Threads that serve clients: one more than there are cores would only take turns with the others.
fn door_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(DOOR_THREADS_MAX)
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
