//! Servers of somebody that notifications go to: one whose answers a test writes, and the vendor's kind of listener.

use crate::common::{SOON, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// What a server got: the head, and the body.
pub struct Got {
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn row(&self) -> (String, String) {
        let row = self.json();
        let text = |name: &str| row[name].as_str().expect("text").to_owned();
        (text("ivruniqueid"), text("type"))
    }

    pub fn has(&self, line: &str) -> bool {
        self.head.lines().any(|known| known.eq_ignore_ascii_case(line))
    }
}

/// Somebody's web server: it answers what `answers` says to the request of this number, from 0.
pub struct Server {
    pub port: u16,
    pub got: Receiver<Got>,
}

impl Server {
    pub fn start(answers: impl Fn(usize, &Got) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (tell, got) = channel();
        std::thread::spawn(move || {
            for (n, socket) in listener.incoming().map_while(Result::ok).enumerate() {
                let Some(request) = read(&socket) else { continue };
                // The other side may have gone.
                let _ = (&socket).write_all(answers(n, &request).as_bytes());
                if tell.send(request).is_err() {
                    return;
                }
            }
        });
        Self { port, got }
    }

    pub fn next(&self) -> Got {
        self.got.recv_timeout(SOON).expect("a push comes")
    }

    pub fn nothing(&self) -> bool {
        self.got.try_recv().is_err()
    }
}

fn read(socket: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Got { head, body: String::from_utf8(body).expect("text") })
}

pub fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub fn taken() -> String {
    http("200 OK", r#"{"err":"0","errdesc":"OK"}"#)
}

/// The listener in another language.
pub struct Listener {
    child: Child,
    lines: Receiver<String>,
    pub port: u16,
}

impl Listener {
    pub fn start(count: usize) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/voicenter/cdr_listener.py");
        let mut child = Command::new("python3")
            .args([script, &count.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let out = child.stdout.take().expect("piped");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)).ok()
        });
        let port = lines.recv_timeout(SOON).expect("its port").parse().expect("a number");
        Self { child, lines, port }
    }

    pub fn next(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(SOON).expect("a row")).expect("JSON")
    }

    pub fn ended(&mut self) -> bool {
        wait_for("the listener ends", || self.child.try_wait().expect("it runs")).success()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
