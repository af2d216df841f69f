//! SIP telephones for tests, played by baresip: a whole user agent with its own signalling, sound and clock.
//!
//! It runs without a sound card: it plays a file and writes what it hears into another. Its control port takes commands.
//! Debian's 1.0.0 knows no SHA-256 and cannot register where any challenge names it: its stations are offered MD5 alone.

use super::tone::{RATE, Tone};
use super::{Office, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long its file plays, in seconds; then it begins again.
const TONE_S: usize = 60;
/// Octets of the head of a WAV file.
const WAV_HEAD_LEN: usize = 44;
/// Samples of which a tone is measured: half a second, whole periods of every tone in tens of hertz.
const MEASURED: usize = RATE / 2;
/// How long a tone may take to be heard undisturbed on a busy machine.
const HEARD_WITHIN: Duration = Duration::from_secs(20);

/// A baresip of its own.
pub struct Baresip {
    child: Child,
    dir: tempfile::TempDir,
    control: SocketAddr,
    /// What it plays.
    pub plays: Tone,
    server: SocketAddr,
}

/// The line that seeds a station for it.
pub fn station(number: &str, password: &str) -> String {
    format!("[[station]]\nnumber = \"{number}\"\npassword = \"{password}\"\nalgorithms = [\"MD5\"]\nlines = 1\n")
}

impl Baresip {
    /// A phone that answers by itself and plays a tone, once it is registered.
    pub fn register(office: &Office, number: &str, password: &str, plays: Tone) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let (control, server) = (free.expect("a free port"), office.address("sip_udp"));
        let at = dir.path().to_str().expect("utf-8");
        let write = |name: &str, octets: &[u8]| std::fs::write(dir.path().join(name), octets).expect("written");
        write("config", config(at, control).as_bytes());
        let account = format!("<sip:{number}@{server}>;auth_user={number};auth_pass={password}");
        write("accounts", format!("{account};answermode=auto;audio_codecs=PCMA\n").as_bytes());
        write("contacts", b"");
        write("tone.wav", &wav(plays));
        let log = std::fs::File::create(dir.path().join("log")).expect("created");
        let child = Command::new("baresip")
            .args(["-4", "-s", "-f", at])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a second handle"))
            .stdout(log)
            .spawn()
            .expect("baresip is installed");
        let phone = Self { child, dir, control, plays, server };
        wait_for("baresip registers", || {
            let device = office.get(&format!("/devices/number:{number}"));
            (device["in_service"] == json!(true)).then_some(())
        });
        phone
    }

    /// Dials a number.
    pub fn dial(&self, number: &str) {
        self.command("dial", &format!("sip:{number}@{}", self.server));
    }

    /// Gives a command of baresip's menu.
    pub fn command(&self, name: &str, parameters: &str) -> Value {
        let mut stream = TcpStream::connect(self.control).expect("the control port");
        stream.set_read_timeout(Some(super::SOON)).expect("a time-out");
        let ask = json!({ "command": name, "params": parameters, "token": "test" }).to_string();
        write!(stream, "{}:{ask},", ask.len()).expect("sent");
        loop {
            let told = netstring(&mut stream);
            if told["token"] == json!("test") {
                assert_eq!(told["ok"], json!(true), "{name} {parameters}: {told}");
                return told;
            }
        }
    }

    /// Waits until the tone is found in what this phone has heard since it was last asked, undisturbed by the other one.
    pub fn hears(&self, tone: Tone, other_hz: f64) {
        let from = self.recorded().len();
        let deadline = Instant::now() + HEARD_WITHIN;
        let mut why = "nothing was recorded".to_owned();
        while Instant::now() < deadline {
            let samples = self.recorded();
            let windows = samples.get(from..).unwrap_or_default().windows(MEASURED).step_by(MEASURED / 5);
            for window in windows {
                match tone.mismatch(window, other_hz) {
                    Some(mismatch) => why = mismatch,
                    None => return,
                }
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        panic!("{tone:?} was not heard: {why}");
    }

    /// All it has heard, oldest first: it begins a file with each call, and with each change of one.
    pub fn recorded(&self) -> Vec<f64> {
        let files = std::fs::read_dir(self.dir.path()).expect("its directory").filter_map(Result::ok);
        let mut heard: Vec<PathBuf> = files.map(|file| file.path()).collect();
        heard.retain(|path| path.to_string_lossy().ends_with("-dec.wav"));
        heard.sort();
        let octets = heard.iter().filter_map(|path| std::fs::read(path).ok());
        let samples = octets.map(|octets| octets.get(WAV_HEAD_LEN..).unwrap_or_default().to_vec());
        let pairs = samples.flat_map(|samples| samples.chunks_exact(2).map(|it| [it[0], it[1]]).collect::<Vec<_>>());
        pairs.map(|pair| f64::from(i16::from_le_bytes(pair))).collect()
    }

    /// What it wrote of its signalling.
    pub fn log(&self) -> String {
        let octets = std::fs::read(self.dir.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&octets).into_owned()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(dir: &str, control: SocketAddr) -> String {
    let modules = ["g711", "sndfile", "aufile", "aubridge"].map(|name| format!("module {name}.so\n")).concat();
    format!(
        "poll_method epoll\n\
         sip_listen 127.0.0.1:0\n\
         net_interface 127.0.0.1\n\
         audio_source aufile,{dir}/tone.wav\n\
         audio_player aubridge,ear\n\
         audio_alert aubridge,bell\n\
         audio_path {dir}\n\
         ausrc_srate {RATE}\nauplay_srate {RATE}\n\
         ausrc_channels 1\nauplay_channels 1\n\
         snd_path {dir}\n\
         module_path /usr/lib/baresip/modules\n\
         {modules}\
         module_tmp account.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n\
         ctrl_tcp_listen {control}\n\
         statmode_default off\n\
         ringback_disabled yes\n"
    )
}

/// A mono file of 16-bit samples.
fn wav(tone: Tone) -> Vec<u8> {
    let samples: Vec<u8> = (0..TONE_S * RATE).flat_map(|place| tone.sample(place).to_le_bytes()).collect();
    let (length, rate) = (samples.len() as u32, RATE as u32);
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend((2 * rate).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

/// One message of the control port: `LENGTH:JSON,`.
fn netstring(stream: &mut TcpStream) -> Value {
    let mut octet = [0];
    let mut length = 0;
    loop {
        stream.read_exact(&mut octet).expect("a length");
        match octet[0] {
            b':' => break,
            digit => length = 10 * length + usize::from(digit - b'0'),
        }
    }
    let mut text = vec![0; length + 1];
    stream.read_exact(&mut text).expect("a message");
    serde_json::from_slice(&text[..length]).expect("JSON")
}
