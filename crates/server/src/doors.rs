//! The doors' listeners: which are bound, what each serves, and what the demo office prints.

use crate::config::{Config, bind_advice};
use crate::metrics::Metrics;
use anyhow::{Context, anyhow};
use dialects::common::exchange::Exchange;
use dialects::{console, fusion};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// The doors of one exchange.
pub struct Doors {
    metrics: Arc<Metrics>,
    exchange: Exchange,
    console_config: console::ConsoleConfig,
    console_stream: console::Stream,
    fusion: fusion::Door,
    fusion_stream: fusion::Stream,
}

/// Sockets that are bound and not served yet.
#[derive(Default)]
pub struct Listeners {
    console: Option<TcpListener>,
    fusion: Option<TcpListener>,
    fusion_events: Option<TcpListener>,
    shared_http: Option<TcpListener>,
}

impl Listeners {
    /// Every bound listener by its key in `listen.json`.
    #[must_use]
    pub fn bound(&self) -> Vec<(&'static str, SocketAddr)> {
        let all = [
            ("console", &self.console),
            ("fusion", &self.fusion),
            ("fusion_events", &self.fusion_events),
            ("shared_http", &self.shared_http),
        ];
        all.into_iter().filter_map(|(key, listener)| Some((key, listener.as_ref()?.local_addr().ok()?))).collect()
    }
}

/// Binds what the configuration names.
///
/// # Errors
///
/// When an address is taken or needs rights; the error says what to do.
pub fn bind(config: &Config) -> anyhow::Result<Listeners> {
    let listen = &config.listen;
    Ok(Listeners {
        console: bind_one("console", listen.console)?,
        fusion: bind_one("fusion", listen.fusion)?,
        fusion_events: bind_one("fusion_events", listen.fusion_events)?,
        shared_http: bind_one("shared_http", listen.shared_http)?,
    })
}

fn bind_one(key: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).map_err(|error| anyhow!(bind_advice(key, address, &error)))?;
    listener.set_nonblocking(true).context("preparing a listener")?;
    Ok(Some(listener))
}

impl Doors {
    /// The doors of an exchange.
    ///
    /// # Errors
    ///
    /// When a door's settings are wrong.
    pub fn new(config: &Config, exchange: Exchange, metrics: Arc<Metrics>) -> anyhow::Result<Self> {
        let next = exchange.seq() + 1;
        let fusion_stream = fusion::Stream::new(next);
        let console_stream = console::Stream::new(next);
        let fusion = fusion::Door::new(exchange.clone(), fusion_config(config)?, fusion_stream.clone());
        Ok(Self { metrics, exchange, console_config: console_config(config), console_stream, fusion, fusion_stream })
    }

    /// What the projector feeds for the console.
    #[must_use]
    pub fn console_stream(&self) -> console::Stream {
        self.console_stream.clone()
    }

    /// What the projector feeds for Fusion.
    #[must_use]
    pub fn fusion_stream(&self) -> fusion::Stream {
        self.fusion_stream.clone()
    }

    /// Serves the bound listeners on the present runtime, until it ends.
    pub fn serve(&self, listeners: Listeners, bound: &[(&str, SocketAddr)]) {
        let Listeners { console, fusion, fusion_events, shared_http } = listeners;
        let mut config = self.console_config.clone();
        let open = |(name, address): &(&str, SocketAddr)| console::OpenDoor {
            name: (*name).to_owned(),
            address: address.to_string(),
        };
        config.doors = bound.iter().map(open).collect();
        let console_door = console::Door::new(self.exchange.clone(), config, self.console_stream.clone());
        if let Some(listener) = console {
            spawn("console", listener, {
                let router = console::router(console_door.clone()).merge(metrics_router(Arc::clone(&self.metrics)));
                |listener| serve_router(listener, router)
            });
        }
        if let Some(listener) = fusion {
            let door = self.fusion.clone();
            spawn("fusion", listener, |listener| async move {
                fusion::serve_http(listener, door).await;
                Ok(())
            });
        }
        if let Some(listener) = fusion_events {
            let door = self.fusion.clone();
            spawn("fusion_events", listener, |listener| {
                // Called here, not when it is first polled: `ready` means that events are served.
                let serving = fusion::serve_events(listener, door);
                async move {
                    serving.await;
                    Ok(())
                }
            });
        }
        if let Some(listener) = shared_http {
            let router = fusion::router(self.fusion.clone()).merge(console::shared_router(console_door));
            spawn("shared_http", listener, |listener| serve_router(listener, router));
        }
    }
}

/// `/metrics`, for whoever reaches the console's listener: figures, no names.
fn metrics_router(metrics: Arc<Metrics>) -> axum::Router {
    let answer = move || {
        let text = metrics.text();
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        async move { ([(axum::http::header::CONTENT_TYPE, kind)], text) }
    };
    axum::Router::new().route("/metrics", axum::routing::get(answer))
}

async fn serve_router(listener: tokio::net::TcpListener, router: axum::Router) -> std::io::Result<()> {
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
}

fn spawn<F>(key: &'static str, listener: TcpListener, serve: impl FnOnce(tokio::net::TcpListener) -> F)
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => {
            let serving = serve(listener);
            tokio::spawn(async move {
                if let Err(error) = serving.await {
                    tracing::error!(key, %error, "a listener ended");
                }
            });
        }
        Err(error) => tracing::error!(key, %error, "a listener cannot be served"),
    }
}

fn fusion_config(config: &Config) -> anyhow::Result<fusion::FusionConfig> {
    let networks = |networks: &[crate::config::Network]| {
        networks
            .iter()
            .map(|network| {
                network.to_string().parse::<fusion::Network>().map_err(|error| anyhow!("{network}: {error}"))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let zone = config.fusion.time_zone.as_deref().unwrap_or(&config.tenant.time_zone);
    Ok(fusion::FusionConfig {
        allowed_clients: networks(&config.fusion.allowed_clients)?,
        allowed_write_clients: config.fusion.allowed_write_clients.as_deref().map(networks).transpose()?,
        time_zone: fusion::FusionConfig::zone_named(zone).with_context(|| format!("no time zone {zone}"))?,
        ..fusion::FusionConfig::default()
    })
}

fn console_config(config: &Config) -> console::ConsoleConfig {
    console::ConsoleConfig {
        test_control: config.console.test_control,
        commands_per_min: config.console.commands_per_min,
        reads_per_min: config.console.reads_per_min,
        ..console::ConsoleConfig::default()
    }
}

/// Prints where everything is, and the first things to try. The last line holds the word `ready`.
#[allow(clippy::print_stdout, reason = "this is the program's greeting to whoever started it")]
pub fn announce(config: &Config, bound: &[(&str, SocketAddr)]) {
    for (key, address) in bound {
        println!("{key:<16} {address}");
    }
    let at = |key: &str| bound.iter().find(|(known, _)| *known == key).map(|(_, address)| *address);
    if config.demo {
        let data = config.data_dir.display();
        if let Some(fusion) = at("fusion") {
            println!("try: curl 'http://{fusion}/xml/ccOriginate.php?phone_id=SDP01001&to=1002&async=true'");
        }
        if let Some(console) = at("console") {
            println!("     curl -H \"Authorization: Bearer $(cat {data}/console.token)\" --json '{{}}' \\");
            println!("       http://{console}/api/v1/test/phones/1001/answer");
            println!(
                "     curl -H \"Authorization: Bearer $(cat {data}/console.token)\" http://{console}/api/v1/calls"
            );
        }
    }
    println!("hookswitch is ready");
}
