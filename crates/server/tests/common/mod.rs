//! A demo office for tests: the real program, started with its own data and ports, driven over the wire.

#![allow(dead_code, reason = "each test file uses its part of the harness")]

pub mod baresip;
pub mod described;
pub mod ipxapi;
pub mod ports;
pub mod ringing;
pub mod script;
pub mod sipp;
pub mod steps;
pub mod telservices;
pub mod tls;
pub mod tone;

use described::Described;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

/// How long anything that should happen at once may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);
/// Where a logged office writes, in its data directory.
const LOG_FILE: &str = "log.txt";

/// A running office. It is killed when dropped.
pub struct Office {
    child: Child,
    data: Data,
    /// Addresses, as in `listen.json`.
    pub listen: Value,
    /// Stations and accounts, as in `demo.json`.
    pub demo: Value,
    token: String,
    agent: ureq::Agent,
    described: OnceLock<Arc<Described>>,
}

enum Data {
    Own(tempfile::TempDir),
    Kept(PathBuf),
}

impl Data {
    fn path(&self) -> &Path {
        match self {
            Self::Own(dir) => dir.path(),
            Self::Kept(path) => path,
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Office {
    /// An office of its own.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory for the data");
        Self::launch(Data::Own(dir), &["--demo", "--ephemeral-ports"])
    }

    /// An office with other arguments of `serve` (beside `--data`).
    pub fn start_with(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the data");
        Self::launch(Data::Own(dir), arguments)
    }

    /// An office on data that stays.
    pub fn start_in(path: &Path) -> Self {
        Self::launch(Data::Kept(path.to_owned()), &["--demo", "--ephemeral-ports"])
    }

    /// An office with this configuration; its listeners get free ports.
    pub fn configured(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the data");
        let file = dir.path().join("test.toml");
        std::fs::write(&file, text).expect("written");
        let arguments = ["--config", file.to_str().expect("utf-8"), "--ephemeral-ports"];
        Self::launch(Data::Own(dir), &arguments)
    }

    /// An office with this configuration whose clock stands, but for [`Office::advance`]; the configuration has to allow test control.
    pub fn configured_on_virtual_time(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the data");
        let file = dir.path().join("test.toml");
        std::fs::write(&file, text).expect("written");
        let arguments = ["--config", file.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"];
        Self::launch(Data::Own(dir), &arguments)
    }

    /// An office with this configuration whose log can be read: [`Office::log`].
    pub fn logged(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the data");
        let file = dir.path().join("test.toml");
        std::fs::write(&file, text).expect("written");
        let log = std::fs::File::create(dir.path().join(LOG_FILE)).expect("a file for the log");
        let arguments = ["--config", file.to_str().expect("utf-8"), "--ephemeral-ports"];
        Self::launch_to(Data::Own(dir), &arguments, Stdio::from(log))
    }

    /// What it has written about itself so far: JSON, where the configuration has `log.format = "json"`.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.data().join(LOG_FILE)).expect("it is a logged one");
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Lets so much virtual time pass, in milliseconds.
    pub fn advance(&self, ms: u64) {
        self.post("/test/clock/advance", serde_json::json!({ "by_ms": ms }));
    }

    fn launch(data: Data, arguments: &[&str]) -> Self {
        Self::launch_to(data, arguments, Stdio::inherit())
    }

    fn launch_to(data: Data, arguments: &[&str], log: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hookswitch"))
            .arg("serve")
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        wait_ready(&mut child);
        let read = |name: &str| std::fs::read_to_string(data.path().join(name)).expect("written before `ready`");
        let listen = serde_json::from_str(&read("listen.json")).expect("listen.json is JSON");
        let demo = match arguments.contains(&"--demo") {
            true => serde_json::from_str(&read("demo.json")).expect("demo.json is JSON"),
            false => Value::Null,
        };
        let token = read("console.token").trim().to_owned();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(70)))
            .build();
        Self { child, data, listen, demo, token, agent: config.into(), described: OnceLock::new() }
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it has ended");
    }

    /// Kills it and starts it again on its data.
    pub fn crash_and_restart(&mut self) {
        self.kill();
        let data = std::mem::replace(&mut self.data, Data::Kept(PathBuf::new()));
        let fresh = Self::launch(data, &["--demo", "--ephemeral-ports"]);
        *self = fresh;
    }

    /// Kills it and starts it again on its data, with other arguments.
    pub fn crash_and_restart_with(&mut self, arguments: &[&str]) {
        self.kill();
        self.start_again_with(arguments);
    }

    /// Starts it again on its data after it has ended.
    pub fn start_again_with(&mut self, arguments: &[&str]) {
        let data = std::mem::replace(&mut self.data, Data::Kept(PathBuf::new()));
        let fresh = Self::launch(data, arguments);
        *self = fresh;
    }

    /// Tells it to stop as an operator would (SIGTERM), and does not wait.
    pub fn tell_to_stop(&self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(killed.success());
    }

    /// Stops it as an operator would (SIGTERM); gives how long that took.
    pub fn terminate(&mut self) -> Duration {
        let started = Instant::now();
        self.tell_to_stop();
        self.child.wait().expect("it has ended");
        started.elapsed()
    }

    /// Stops it and starts it again on its data.
    pub fn restart(&mut self) {
        self.terminate();
        let data = std::mem::replace(&mut self.data, Data::Kept(PathBuf::new()));
        let fresh = Self::launch(data, &["--demo", "--ephemeral-ports"]);
        *self = fresh;
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The operator's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A listener's address.
    pub fn address(&self, listener: &str) -> SocketAddr {
        let text = self.listen[listener].as_str().unwrap_or_else(|| panic!("no listener {listener}"));
        text.parse().expect("an address")
    }

    /// A console request with the operator's token.
    pub fn console(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.console_with(method, path, body, &[])
    }

    /// A console request with more headers.
    pub fn console_with(&self, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let url = format!("http://{}/api/v1{path}", self.address("console"));
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.http(method, &url, body.map(|body| body.to_string()).as_deref(), &all)
    }

    /// A console POST that must succeed.
    pub fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.console("POST", path, Some(body));
        assert!((200..300).contains(&answer.status), "POST {path}: {} {}", answer.status, answer.text);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    /// A console GET that must succeed.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.console("GET", path, None);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
        answer.json()
    }

    /// A Fusion request: `/xml/ccPing.php`.
    pub fn fusion(&self, path_and_query: &str) -> Answer {
        let url = format!("http://{}{path_and_query}", self.address("fusion"));
        self.http("GET", &url, None, &[])
    }

    /// The console's descriptions, as this office publishes them.
    pub fn described(&self) -> Arc<Described> {
        let publish = |name: &str| {
            let url = format!("http://{}/api/v1/{name}", self.address("console"));
            self.exchange("GET", &url, None, &[]).json()
        };
        let made = || Arc::new(Described::new(publish("openapi.json"), publish("asyncapi.json")));
        Arc::clone(self.described.get_or_init(made))
    }

    /// Any HTTP request. What the console answers has to be as it is described.
    pub fn http(&self, method: &str, url: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let answer = self.exchange(method, url, body, headers);
        let own = self.listen["console"].as_str().map(|at| format!("http://{at}"));
        if let Some(path) = own.and_then(|own| url.strip_prefix(&own)).filter(|path| path.starts_with("/api/")) {
            let media = answer.header("content-type");
            let faults = self.described().answer(method, path, answer.status, media, &answer.text);
            assert!(faults.is_empty(), "{method} {path} answers not as described: {faults:#?}\n{}", answer.text);
        }
        answer
    }

    fn exchange(&self, method: &str, url: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        self.try_http(method, url, body, headers).unwrap_or_else(|error| panic!("{method} {url}: {error}"))
    }

    /// Any HTTP request; none when the connection does not last.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub fn try_http(
        &self,
        method: &str,
        url: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_owned());
                self.agent.run(request.expect("a valid request"))?
            }
            None => self.agent.run(request.body(()).expect("a valid request"))?,
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok(Answer { status, headers, text })
    }

    /// What a hand does to a simulated phone.
    pub fn hand(&self, phone: &str, act: &str, body: Value) {
        self.post(&format!("/test/phones/{phone}/{act}"), body);
    }

    /// Live calls, by the console.
    pub fn calls(&self) -> Vec<Value> {
        self.get("/calls?limit=1000")["items"].as_array().expect("a list").clone()
    }

    /// A figure of `/metrics`, by its name without the program's, labels included.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.metrics();
        let name = format!("hookswitch_{name}");
        let line = text.lines().find(|line| line.split(' ').next() == Some(&name));
        line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    /// All of `/metrics`.
    pub fn metrics(&self) -> String {
        self.http("GET", &format!("http://{}/metrics", self.address("console")), None, &[]).text
    }

    /// Waits until no call is up.
    pub fn wait_idle(&self) {
        wait_for("no call is up", || self.calls().is_empty().then_some(()));
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `look` gives something, or fails with what was waited for.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(SOON, what, look)
}

/// Waits at most this long until `look` gives something.
pub fn wait_within<T>(limit: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(limit, look).unwrap_or_else(|| panic!("waited in vain: {what}"))
}

/// Waits until `look` gives something; none when it never does.
pub fn wait_until<T>(look: impl FnMut() -> Option<T>) -> Option<T> {
    within(SOON, look)
}

fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn wait_ready(child: &mut Child) {
    let out = child.stdout.take().expect("standard output is piped");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if line.split_whitespace().any(|word| word.trim_matches(|c: char| !c.is_alphanumeric()) == "ready") {
                // The test may have given up.
                let _ = tell.send(());
            }
        }
    });
    told.recv_timeout(Duration::from_secs(30)).expect("the program says that it is ready");
}
