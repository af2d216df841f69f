//! TLS as a client of the house has it: trusting the certificate that the program made.

use super::{Answer, Office, SOON};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

/// A connection over TLS; reading it fails after [`SOON`].
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

impl Office {
    /// The certificate of the house.
    pub fn certificate(&self) -> PathBuf {
        self.data().join("tls/cert.pem")
    }

    /// A connection to a listener that speaks TLS.
    pub fn tls(&self, listener: &str) -> TlsStream {
        self.tls_over(TcpStream::connect(self.address(listener)).expect("it listens"))
    }

    /// The same with these versions of TLS only.
    pub fn tls_of(&self, listener: &str, versions: &[&'static SupportedProtocolVersion]) -> TlsStream {
        self.tls_in(TcpStream::connect(self.address(listener)).expect("it listens"), versions)
    }

    /// TLS over a connection to such a listener.
    pub fn tls_over(&self, socket: TcpStream) -> TlsStream {
        self.tls_in(socket, tokio_rustls::rustls::DEFAULT_VERSIONS)
    }

    fn tls_in(&self, socket: TcpStream, versions: &[&'static SupportedProtocolVersion]) -> TlsStream {
        let mut trusted = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(self.certificate()).expect("the house has a certificate");
        trusted.add(certificate).expect("it can be trusted");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions of TLS")
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let client = ClientConnection::new(Arc::new(config), name).expect("a client");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        StreamOwned::new(client, socket)
    }

    /// A request over TLS on a connection of its own.
    pub fn https(&self, listener: &str, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.tls(listener);
        let length = body.len();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).expect("taken");
        answer(&read_all(&mut stream)).unwrap_or_else(|text| panic!("{method} {path}: no answer: {text}"))
    }
}

/// All octets until the end, however it ends.
pub fn read_all(stream: &mut impl Read) -> String {
    let mut octets = Vec::new();
    // What came before a reset, or an end without a farewell, counts.
    let _ = stream.read_to_end(&mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

/// The first answer in what came back, with all that follows as its body; else what came back.
pub fn answer(text: &str) -> Result<Answer, String> {
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| text.to_owned())?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(|| text.to_owned())?;
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Ok(Answer { status, headers: lines.filter_map(field).collect(), text: body.to_owned() })
}
