//! The certificate of the house: given by file, or made at the first start.
//!
//! A certificate of our own making names the machine, loopback and the listeners' addresses; it is signed by itself, so a client
//! has to be told to trust it (`DIR/tls/cert.pem`). TLS 1.2 and 1.3 by rustls.

use crate::config::{Config, write_private};
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Takes TLS handshakes.
pub type Acceptor = TlsAcceptor;

/// Below the data directory: the certificate and the key of our own making.
const OWN: (&str, &str) = ("tls/cert.pem", "tls/key.pem");

/// The acceptor of every listener that speaks TLS.
///
/// # Errors
///
/// When the files cannot be read, written, or do not belong together; the error names them.
pub fn acceptor(config: &Config, bound: &[(&str, SocketAddr)]) -> anyhow::Result<Acceptor> {
    let (certificate, key) = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => own(&config.data_dir, bound)?,
        (Some(_), None) | (None, Some(_)) => bail!("tls.certificate and tls.key: both or none of them are given"),
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| anyhow!("reading the certificate {}: {error}", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(&key)
        .map_err(|error| anyhow!("reading the private key {}: {error}", key.display()))?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| format!("{} and {} do not make a certificate", certificate.display(), key.display()))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// The certificate of our own making: what an earlier start made, else a new one.
fn own(data: &Path, bound: &[(&str, SocketAddr)]) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (data.join(OWN.0), data.join(OWN.1));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    if let Some(directory) = certificate.parent() {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    }
    let made = rcgen::generate_simple_self_signed(names(bound)).context("making a certificate")?;
    // The key first: a certificate without its key would be taken for one that is there.
    write_private(&key, &made.signing_key.serialize_pem()).with_context(|| format!("writing {}", key.display()))?;
    fs::write(&certificate, made.cert.pem()).with_context(|| format!("writing {}", certificate.display()))?;
    tracing::info!(certificate = %certificate.display(), "made a certificate");
    Ok((certificate, key))
}

/// Names and addresses under which clients on this machine and on its networks find us.
fn names(bound: &[(&str, SocketAddr)]) -> Vec<String> {
    let fixed = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let addresses = bound.iter().map(|(_, address)| address.ip()).filter(|address| !address.is_unspecified());
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let plain =
        |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b));
    let all: BTreeSet<String> =
        fixed.into_iter().chain(addresses.map(|address| address.to_string())).chain([machine]).filter(plain).collect();
    all.into_iter().collect()
}
