//! HTTP/1.1 requests of ours to servers of others (RFC 9110, RFC 9112; VOI-ADM-26), in the clear or over verified TLS.
//!
//! Bounded: the time to connect and the time of all, the answer, the redirects, which keep method and body. A name that leads to an
//! address of this machine or of a private network is refused unless that is allowed; the address that was looked at is the one that
//! is connected to.

use anyhow::{Context, anyhow, bail};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialects::voicenter::push::{ANSWER_MAX, CONNECT_MS, REDIRECTS_MAX, TRY_MS};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where systems keep the certificates that they trust.
const ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// Characters of a URL (VOI-LIM-07).
const URL_LEN_MAX: usize = 2_048;

/// Which certificates are trusted: those that the machine trusts.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl Trust {
    /// Reads what the machine trusts. Where it has no such list no server with TLS is trusted.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up at all.
    pub fn of_machine() -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let files = ROOTS.iter().filter_map(|path| CertificateDer::pem_file_iter(path).ok());
        if let Some(certificates) = files.into_iter().next() {
            roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> anyhow::Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    tls: bool,
    host: String,
    port: u16,
    /// Path and query; the query may be a secret.
    path: String,
    /// What `Authorization` says.
    credentials: Option<String>,
    /// Whether it may be on this machine or in a private network.
    private: bool,
}

impl Target {
    /// Reads a URL; user and password in it become Basic credentials.
    ///
    /// # Errors
    ///
    /// When it is no `http` or `https` URL.
    pub fn parse(url: &str, private: bool) -> anyhow::Result<Self> {
        if url.len() > URL_LEN_MAX {
            bail!("a URL of more than {URL_LEN_MAX} characters");
        }
        let uri: Uri = url.parse().context("no URL")?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => bail!("a URL begins with http:// or https://"),
        };
        let authority = uri.authority().ok_or_else(|| anyhow!("a URL names a host"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            bail!("a URL names a host");
        }
        let credentials =
            authority.as_str().rsplit_once('@').map(|(user, _)| format!("Basic {}", STANDARD.encode(user)));
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            credentials,
            private,
        })
    }

    /// As it may stand in a log: without credentials and query.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{scheme}://{}{path}", self.authority())
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.tls { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }

    /// Where a redirect leads: a URL, or a path of the same server.
    fn redirected(&self, location: &str) -> anyhow::Result<Self> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Ok(Self { path: location.to_owned(), ..self.clone() });
        }
        let there = Self::parse(location, self.private)?;
        if self.tls && !there.tls {
            bail!("a redirect from TLS into the clear");
        }
        Ok(there)
    }
}

/// Sends a body; gives status and answer.
///
/// # Errors
///
/// When the server cannot be reached, may not be, does not answer in time or too much.
pub async fn post(target: &Target, trust: &Trust, kind: &str, body: Vec<u8>) -> anyhow::Result<(u16, Vec<u8>)> {
    let all = async {
        let mut target = target.clone();
        for _ in 0..=REDIRECTS_MAX {
            match once(&target, trust, kind, &body).await? {
                Answer::Final(status, body) => return Ok((status, body)),
                Answer::Elsewhere(location) => target = target.redirected(&location)?,
            }
        }
        bail!("more than {REDIRECTS_MAX} redirects")
    };
    timeout(Duration::from_millis(TRY_MS), all).await.map_err(|_| anyhow!("no answer within {TRY_MS} ms"))?
}

enum Answer {
    Final(u16, Vec<u8>),
    Elsewhere(String),
}

async fn once(target: &Target, trust: &Trust, kind: &str, body: &[u8]) -> anyhow::Result<Answer> {
    let connecting = async {
        let socket = connect(target).await?;
        // Without it the request only leaves later.
        let _ = socket.set_nodelay(true);
        if !target.tls {
            return anyhow::Ok(Box::new(socket) as Box<dyn Stream>);
        }
        let name = ServerName::try_from(target.host.clone()).context("no name for a certificate")?;
        Ok(Box::new(trust.0.connect(name, socket).await.context("TLS")?) as Box<dyn Stream>)
    };
    let connected = timeout(Duration::from_millis(CONNECT_MS), connecting).await;
    let stream = connected.map_err(|_| anyhow!("not reached within {CONNECT_MS} ms"))??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("beginning HTTP")?;
    // It ends with the request or with an error that the request shows.
    let running = tokio::spawn(connection);
    let answer = async {
        let response = sender.send_request(request(target, kind, body)?).await.context("sending")?;
        let (head, incoming) = response.into_parts();
        if matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308)
            && let Some(location) = head.headers.get(header::LOCATION)
        {
            return Ok(Answer::Elsewhere(location.to_str().context("a redirect to nowhere")?.to_owned()));
        }
        let read = to_bytes(Body::new(incoming), ANSWER_MAX).await.context("reading the answer")?;
        Ok(Answer::Final(head.status.as_u16(), read.to_vec()))
    }
    .await;
    running.abort();
    answer
}

fn request(target: &Target, kind: &str, body: &[u8]) -> anyhow::Result<Request<Body>> {
    let mut request = Request::post(target.path.as_str())
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, concat!("Hookswitch/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONNECTION, "close")
        .body(Body::from(body.to_vec()))
        .context("making the request")?;
    if let Some(credentials) = &target.credentials {
        let mut value = HeaderValue::from_str(credentials).context("credentials")?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The first address of the host that lets itself be connected to, of those that may be.
async fn connect(target: &Target) -> anyhow::Result<TcpStream> {
    let found: Vec<SocketAddr> =
        tokio::net::lookup_host((target.host.as_str(), target.port)).await.context("looking the host up")?.collect();
    let mut failed = anyhow!("{} has no address", target.host);
    for address in found {
        if !target.private && is_private(address.ip()) {
            failed = anyhow!("{} is on this machine or in a private network", target.host);
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = anyhow!(error).context(format!("connecting to {address}")),
        }
    }
    Err(failed)
}

/// Whether an address is of this machine, its link, a private network, or of no machine at all (RFC 6890).
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || a >= 240
                || shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_shown_without_secrets() {
        let target = Target::parse("https://user:pass@crm.example:8443/cdr?key=secret", false).expect("a URL");
        assert_eq!((target.tls, target.host.as_str(), target.port), (true, "crm.example", 8443));
        assert_eq!(target.path, "/cdr?key=secret");
        assert_eq!(target.credentials.as_deref(), Some("Basic dXNlcjpwYXNz"));
        assert_eq!(target.shown(), "https://crm.example:8443/cdr");
        let target = Target::parse("http://[::1]", true).expect("a URL");
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("::1", 80, "/"));
        assert_eq!(target.shown(), "http://[::1]/");
        for wrong in [
            "",
            "crm.example",
            "ftp://crm.example/",
            "/cdr",
            "http://",
            "http://a b/",
            &format!("http://a/{}", "x".repeat(2_048)),
        ] {
            assert!(Target::parse(wrong, false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn redirects_keep_to_the_server_or_name_another() {
        let target = Target::parse("https://crm.example/cdr", false).expect("a URL");
        assert_eq!(target.redirected("/new?x").expect("a path").shown(), "https://crm.example/new");
        assert_eq!(target.redirected("https://other.example/").expect("a URL").host, "other.example");
        assert!(target.redirected("http://crm.example/").is_err(), "never into the clear");
        assert!(target.redirected("//other.example/").is_err() && target.redirected("new").is_err());
    }

    #[test]
    fn private_addresses_are_known() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "224.0.0.1",
        ] {
            assert!(is_private(private.parse().expect("an address")), "{private}");
        }
        for public in ["192.0.2.1", "8.8.8.8", "2001:4860:4860::8888", "100.128.0.1"] {
            assert!(!is_private(public.parse().expect("an address")), "{public}");
        }
    }

    /// Somebody's web server with this certificate that takes everything; its port.
    async fn tls_server(made: &rcgen::CertifiedKey<rcgen::KeyPair>) -> u16 {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        use tokio_rustls::rustls::ServerConfig;
        use tokio_rustls::rustls::pki_types::PrivateKeyDer;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.expect("a certificate")));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let mut seen = Vec::new();
                while !seen.ends_with(b"body") && stream.read_buf(&mut seen).await.is_ok_and(|read| read > 0) {}
                // The client may have gone.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_server_with_tls_has_to_be_the_one_it_says() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let port = tls_server(&made).await;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a root");
        let trusting = Trust::of(roots).expect("TLS");
        let sent = async |url: String, trust: &Trust| {
            let target = Target::parse(&url, true).expect("a URL");
            post(&target, trust, "text/plain", b"body".to_vec()).await
        };
        let answer = sent(format!("https://localhost:{port}/"), &trusting).await.expect("it is trusted");
        assert_eq!(answer, (200, b"OK".to_vec()));
        assert!(sent(format!("https://127.0.0.1:{port}/"), &trusting).await.is_err(), "another name");
        let strict = Trust::of_machine().expect("TLS");
        let refused = sent(format!("https://localhost:{port}/"), &strict).await.expect_err("nobody vouches for it");
        assert!(format!("{refused:#}").contains("TLS"), "{refused:#}");
    }
}
