//! Measures what the relay's thread costs: two-way calls of 50 packets per second each way over loopback.
//!
//! `cargo run --release -p media --example relay_cpu -- CALLS SECONDS TICK_MS` prints the thread's CPU time per packet and per
//! call. The phones run on threads of their own and are not counted.

#![allow(clippy::print_stdout, reason = "a measuring program prints what it measured")]

use media::{Relay, RelayConfig, raise_open_file_limit};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PTIME: Duration = Duration::from_millis(20);
const G711_PAYLOAD: usize = 160;

struct Phone {
    socket: UdpSocket,
    relay: SocketAddr,
}

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>().unwrap_or(0));
    let calls = args.next().unwrap_or(200);
    let seconds = args.next().unwrap_or(10);
    let tick = Duration::from_millis(args.next().unwrap_or(1));
    raise_open_file_limit(20_000)?;
    let relay = Relay::start(RelayConfig { tick, ..RelayConfig::default() }, Box::new(|| ()))?;
    let mut phones = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..calls {
        let (a, b) = (add_phone(&relay, &mut phones)?, add_phone(&relay, &mut phones)?);
        relay.bridge(a, b).map_err(std::io::Error::other)?;
        ports.extend([a, b]);
    }
    // A thread bears its name only once it runs.
    while relay_cpu().is_err() {
        std::thread::yield_now();
    }
    let cpu_before = relay_cpu()?;
    let began = Instant::now();
    let received = talk(&phones, Duration::from_secs(seconds));
    let wall = began.elapsed().as_secs_f64();
    let cpu = (relay_cpu()? - cpu_before).as_secs_f64();
    let forwarded: u64 =
        ports.iter().filter_map(|&port| relay.stats(port).ok()).map(|stats| stats.rtp_packets_out).sum();
    println!(
        "calls {calls}, tick {} ms: {forwarded} packets forwarded ({received} received), relay thread {:.2} % of a core, \
         {:.2} us per packet, {:.4} % per call",
        tick.as_millis(),
        100.0 * cpu / wall,
        1e6 * cpu / forwarded.max(1) as f64,
        100.0 * cpu / wall / calls.max(1) as f64,
    );
    Ok(())
}

fn add_phone(relay: &Relay, phones: &mut Vec<Phone>) -> std::io::Result<media::PortId> {
    let port = relay.allocate(LOCALHOST).map_err(std::io::Error::other)?;
    let socket = UdpSocket::bind((LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    relay.set_remote(port.id, socket.local_addr()?, None).map_err(std::io::Error::other)?;
    phones.push(Phone { socket, relay: port.rtp });
    Ok(port.id)
}

/// Every phone sends each 20 ms, spread over the interval as real phones are.
fn talk(phones: &[Phone], how_long: Duration) -> u64 {
    let mut packet = vec![0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    packet.resize(12 + G711_PAYLOAD, 0xd5);
    let mut buffer = [0_u8; 2_048];
    let began = Instant::now();
    let mut received = 0;
    for round in 0_u32.. {
        packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(round.wrapping_mul(160)).to_be_bytes());
        for (index, phone) in phones.iter().enumerate() {
            let due = PTIME * round + PTIME * index as u32 / phones.len() as u32;
            // Spinning, because a sleep would let packets come in clumps, which real ones do not.
            while began.elapsed() < due {
                std::hint::spin_loop();
            }
            while phone.socket.recv(&mut buffer).is_ok() {
                received += 1;
            }
            let _full = phone.socket.send_to(&packet, phone.relay);
        }
        if began.elapsed() >= how_long {
            break;
        }
    }
    received
}

/// CPU time of the relay's thread so far, from the scheduler.
fn relay_cpu() -> std::io::Result<Duration> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == "media-relay" {
            let schedstat = std::fs::read_to_string(task.join("schedstat"))?;
            let nanos = schedstat.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0);
            return Ok(Duration::from_nanos(nanos));
        }
    }
    Err(std::io::Error::other("no relay thread"))
}
