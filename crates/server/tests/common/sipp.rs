//! SIP telephones for tests, played by SIPp: an independent user agent.

use super::Office;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const REGISTER: &str = include_str!("../sipp/register.xml");
const CALLER: &str = include_str!("../sipp/caller.xml");
const CALLEE: &str = include_str!("../sipp/callee.xml");
const REFUSES: &str = include_str!("../sipp/refuses.xml");
const IS_CANCELLED: &str = include_str!("../sipp/is_cancelled.xml");
const HANGS_UP: &str = include_str!("../sipp/hangs_up.part");
const IS_HUNG_UP: &str = include_str!("../sipp/is_hung_up.part");
const REFUSED: &str = include_str!("../sipp/refused.part");
const CANCELS: &str = include_str!("../sipp/cancels.part");

/// What a calling phone meets.
pub enum Meets {
    /// It talks so many milliseconds and hangs up.
    HangsUp(u64),
    /// The other side hangs up.
    IsHungUp,
    /// It is refused with this status.
    Refused(u16),
    /// It gives up while the other side rings.
    Cancels,
}

/// What a called phone does.
pub enum Does {
    /// It rings so many milliseconds and answers.
    Answers(u64),
    /// It refuses with this status.
    Refuses(u16),
    /// It rings until the caller gives up.
    IsCancelled,
}

/// A SIP phone of the demo office.
pub struct SipPhone {
    /// Its number and user.
    pub number: String,
    password: String,
    /// Where it is called.
    pub port: u16,
    server: String,
    dir: tempfile::TempDir,
    transport: &'static str,
    media: String,
    limit_s: u32,
}

/// A SIPp process.
pub struct Playing {
    child: Child,
    what: String,
    log: PathBuf,
}

impl Playing {
    /// The phone's program stands still from here on: it is there and says nothing.
    pub fn stall(&self) {
        let stopped = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(stopped.success());
    }

    /// Waits until the scenario has been played to its end.
    pub fn finish(mut self) {
        let status = self.child.wait().expect("sipp ends by itself: it has a time limit");
        if !status.success() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("{}: sipp ended with {status}\n{log}", self.what);
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl SipPhone {
    /// The phone with this number.
    pub fn of(office: &Office, number: &str) -> Self {
        let stations = office.demo["stations"].as_array().expect("a list");
        let station = stations.iter().find(|station| station["number"] == number).expect("a station of the demo");
        let password = station["password"].as_str().expect("a password").to_owned();
        Self::at(&office.address("sip_udp").to_string(), number, &password)
    }

    /// A phone of any office.
    pub fn at(server: &str, number: &str, password: &str) -> Self {
        let (server, password) = (server.to_owned(), password.to_owned());
        let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let dir = tempfile::tempdir().expect("a directory");
        let media = "[media_port]".to_owned();
        Self { number: number.to_owned(), password, port, server, dir, transport: "u1", media, limit_s: 40 }
    }

    /// The same phone with another password.
    pub fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Its sound comes and goes at this port, which the test owns.
    pub fn with_media(mut self, port: u16) -> Self {
        self.media = port.to_string();
        self
    }

    /// The exchange's port for its sound, once the call has told it.
    pub fn relay_port(&self, scenario: &str) -> u16 {
        let log = self.dir.path().join(format!("{scenario}.log"));
        super::wait_for("the exchange names its media port", || {
            let text = std::fs::read_to_string(&log).ok()?;
            text.lines().find_map(|line| line.split_whitespace().last()?.parse().ok())
        })
    }

    /// Its scenarios may take so long.
    pub fn with_limit(mut self, seconds: u32) -> Self {
        self.limit_s = seconds;
        self
    }

    /// Calls a number again and again, at so many calls a second, and hangs up at once.
    pub fn call_many(&self, number: &str, calls: u32, rate: u32) -> Playing {
        let scenario = CALLER.replace("@END@", HANGS_UP);
        let (calls, rate) = (calls.to_string(), rate.to_string());
        self.play("caller", &scenario, number, &[("-m", &calls), ("-r", &rate)], 0, Some("0"))
    }

    /// It speaks TCP, to the office's port for that.
    pub fn over_tcp(mut self, office: &Office) -> Self {
        self.transport = "t1";
        self.server = office.address("sip_tcp").to_string();
        self
    }

    /// Registers, and asserts the final status.
    pub fn register(&self, expect: u16) {
        let scenario = REGISTER.replace("@EXPECT@", &expect.to_string());
        let port = self.port.to_string();
        self.play("register", &scenario, &self.port.to_string(), &[("-m", "1")], 0, Some(&port)).finish();
    }

    /// Plays a called phone, for one call.
    pub fn answer(&self, does: Does) -> Playing {
        self.answer_many(does, 1)
    }

    /// Plays a called phone for so many calls.
    pub fn answer_many(&self, does: Does, calls: u32) -> Playing {
        let scenario = match does {
            Does::Answers(ring_ms) => CALLEE.replace("@RING@", &ring_ms.to_string()),
            Does::Refuses(status) => REFUSES.replace("@EXPECT@", &status.to_string()),
            Does::IsCancelled => IS_CANCELLED.to_owned(),
        };
        let calls = calls.to_string();
        let playing = self.play("callee", &scenario, "", &[("-m", &calls)], 0, None);
        super::wait_for("the phone listens", || {
            UdpSocket::bind(("127.0.0.1", self.port)).err().filter(|_| self.transport == "u1").map(|_| ()).or_else(
                || {
                    std::net::TcpListener::bind(("127.0.0.1", self.port))
                        .err()
                        .filter(|_| self.transport == "t1")
                        .map(|_| ())
                },
            )
        });
        playing
    }

    /// Calls a number.
    pub fn call(&self, number: &str, meets: &Meets) -> Playing {
        let (scenario, talk_ms) = match meets {
            Meets::HangsUp(ms) => (CALLER.replace("@END@", HANGS_UP), *ms),
            Meets::IsHungUp => (CALLER.replace("@END@", IS_HUNG_UP), 0),
            Meets::Refused(status) => (before_answer() + &REFUSED.replace("@EXPECT@", &status.to_string()), 0),
            Meets::Cancels => (before_answer() + CANCELS, 0),
        };
        self.play("caller", &scenario, number, &[("-m", "1")], talk_ms, Some("0"))
    }

    fn play(
        &self,
        name: &str,
        scenario: &str,
        field: &str,
        more: &[(&str, &str)],
        talk_ms: u64,
        port: Option<&str>,
    ) -> Playing {
        let file = self.dir.path().join(format!("{name}.xml"));
        std::fs::write(&file, scenario.replace("@MEDIA@", &self.media)).expect("written");
        let told = self.dir.path().join(format!("{name}.log"));
        let fields = self.dir.path().join(format!("{name}.csv"));
        let auth = format!("[authentication username={} password={}]", self.number, self.password);
        std::fs::write(&fields, format!("SEQUENTIAL\n{};{auth};{field}\n", self.number)).expect("written");
        let log = self.dir.path().join(format!("{name}.err"));
        let own = match port {
            // A caller takes any port; SIPp must be told one.
            Some("0") => {
                UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port().to_string()
            }
            Some(port) => port.to_owned(),
            None => self.port.to_string(),
        };
        let mut command = Command::new("sipp");
        command
            .args(["-sf", file.to_str().expect("utf-8"), "-inf", fields.to_str().expect("utf-8")])
            .args(["-i", "127.0.0.1", "-p", &own, "-t", self.transport, "-d", &talk_ms.to_string()])
            .args([
                "-timeout",
                &self.limit_s.to_string(),
                "-timeout_error",
                "-nostdin",
                "-trace_err",
                "-error_file",
                log.to_str().expect("utf-8"),
            ])
            .args(["-trace_logs", "-log_file", told.to_str().expect("utf-8")])
            .arg(&self.server)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (option, value) in more {
            command.args([option, value]);
        }
        let child = command.spawn().expect("sipp is installed");
        Playing { child, what: format!("{} as {name}", self.number), log }
    }
}

/// The calling scenario up to the second INVITE.
fn before_answer() -> String {
    let at = CALLER.rfind("  <recv response=\"100\" optional=\"true\" />").expect("the scenario waits for responses");
    CALLER[..at].to_owned()
}

/// How long a call's record may take to be there.
pub const RECORD_SOON: Duration = Duration::from_secs(5);
