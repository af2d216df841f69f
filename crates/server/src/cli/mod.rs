//! The command line: the server itself, the check of a configuration, and a client of the console API.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong use.

mod client;
mod commands;
mod ladder;
mod lines;

use crate::config::{Config, render};
use crate::serve::Clocking;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "hookswitch",
    version,
    about = "An open telephone exchange that speaks the APIs companies already use"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the exchange until SIGTERM.
    Serve {
        #[command(flatten)]
        from: From,
        /// Where the data lies; comes before what the configuration says.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Bind every listener to a port of the system's choice; listen.json tells which.
        #[arg(long)]
        ephemeral_ports: bool,
        /// The clock stands, and moves only by test control: for tests of applications, with the demo office.
        #[arg(long, requires = "demo")]
        virtual_clock: bool,
    },
    /// Name every mistake in a configuration, with its line and what to write instead.
    Check {
        /// The file.
        #[arg(long)]
        config: PathBuf,
    },
    /// List live calls.
    Calls(Exchange),
    /// Show events as they happen.
    Tail(Exchange),
    /// Let FROM ring, then connect it with TO.
    Call {
        /// The number of the calling phone.
        from: String,
        /// The number to call.
        to: String,
        #[command(flatten)]
        exchange: Exchange,
    },
    /// List phones and where they are reached.
    Registrations(Exchange),
    /// Draw the SIP messages of a call (call_7).
    Trace {
        /// The call's id.
        call: String,
        #[command(flatten)]
        exchange: Exchange,
    },
    /// Copy everything stored into the data directory's `backups`.
    Backup {
        /// The copy's file name.
        name: Option<String>,
        #[command(flatten)]
        exchange: Exchange,
    },
}

/// Where the configuration comes from.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct From {
    /// A file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The demo office: loopback only, needs nothing else.
    #[arg(long)]
    demo: bool,
}

/// Which exchange is asked.
#[derive(Args)]
struct Exchange {
    /// The data directory of a running exchange: address and token are read there.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// The console's address, `http://host:port`; else from listen.json.
    #[arg(long)]
    url: Option<String>,
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve { from, data, ephemeral_ports, virtual_clock } => {
            let time = if virtual_clock { Clocking::Stands } else { Clocking::Runs };
            serve(from, data, ephemeral_ports, time)
        }
        Command::Check { config } => return check(&config),
        Command::Calls(exchange) => commands::calls(&exchange),
        Command::Tail(exchange) => commands::tail(&exchange),
        Command::Call { from, to, exchange } => commands::call(&exchange, &from, &to),
        Command::Registrations(exchange) => commands::registrations(&exchange),
        Command::Trace { call, exchange } => commands::trace(&exchange, &call),
        Command::Backup { name, exchange } => commands::backup(&exchange, name.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<commands::ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookswitch: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn serve(from: From, data: Option<PathBuf>, ephemeral_ports: bool, time: Clocking) -> anyhow::Result<()> {
    let config = match from.config {
        Some(file) => {
            let mut config = Config::load(&file)?;
            if let Some(data) = data {
                config.data_dir = data;
            }
            if ephemeral_ports {
                config.listen.use_ephemeral_ports();
            }
            config
        }
        None => Config::demo(data.unwrap_or_else(|| PathBuf::from("data/demo")), ephemeral_ports),
    };
    let problems = config.problems();
    anyhow::ensure!(problems.is_empty(), "{}", render("the configuration", "", &problems));
    crate::serve::run(config, time)
}

#[allow(clippy::print_stdout, reason = "the command's own answer")]
fn check(file: &std::path::Path) -> ExitCode {
    match Config::load(file) {
        Ok(_) => {
            println!("{}: good", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}
