//! A run as text: one line per input and per output, so that a ladder of a call can be read and compared.
//!
//! Inputs stand at the margin, what the exchange did about them is indented below: orders `->`, events by their number,
//! records `record`, replies `=`. Nothing here decides anything; it is the picture of a run, for people and for golden files.

use std::fmt::Write as _;
use switching::command::{Answer, ClearedBy, Command, DeviceName, Outcome, Reply, ReplyAt, Verb, Which};
use switching::engine::{EngineInput, Order, OrderFault, OrderKind, Report, ReportKind};
use switching::event::{Configured, Event, What};
use switching::id::{DeviceId, LegId};
use switching::model::StageResult;
use switching::party::{Party, Presentation, Via};
use switching::picture::Picture;
use switching::record::CallRecord;
use switching::refusal::Refusal;
use switching::{Decided, Input, Output};

/// A leg's short name: `leg_3` if the exchange ordered it, `in_3` if it arrived.
#[must_use]
pub fn leg(id: LegId) -> String {
    if id.is_arrived() { format!("in_{}", id.0 & !LegId::ARRIVED) } else { id.to_string() }
}

/// A device as people call it: its directory number, else its own number, else its id.
#[must_use]
pub fn device(id: DeviceId, picture: &Picture) -> String {
    let extension = picture.extension_of(id).map(|(_, extension)| extension.config.number.to_string());
    let own =
        || picture.devices.get(&id).and_then(|device| device.config.names.number.as_ref()).map(ToString::to_string);
    own().or(extension).unwrap_or_else(|| id.to_string())
}

/// One output. Sequence numbers are shown from `base` on (0: as they are).
#[must_use]
pub fn output(output: &Output, picture: &Picture, base: u64) -> String {
    match output {
        Output::Engine(it) => order(it, picture),
        Output::Event(it) => event(it, picture, base),
        Output::Record(it) => record(it, picture),
        Output::Reply(it) => reply(it, base),
        Output::Decision { what: Decided::Skipped { device: id, why }, .. } => {
            format!("? {} skipped: {}", device(*id, picture), why.name())
        }
        Output::Decision { what: Decided::NoLine { device: id }, .. } => {
            format!("? no line left at {}", device(*id, picture))
        }
        Output::Decision { what: Decided::NoRoute { dialled }, .. } => format!("? no route to {dialled}"),
    }
}

fn order(order: &Order, picture: &Picture) -> String {
    let at = leg(order.leg);
    match &order.what {
        OrderKind::Ring { device: id, from, to, peer, auto_answer, ring_limit_ms } => {
            let auto = if *auto_answer { " auto-answer" } else { "" };
            let hidden = if from.presentation == Presentation::Restricted { " withheld" } else { "" };
            let peer = peer.map_or_else(String::new, |peer| format!(" offer of {}", leg(peer)));
            let (who, from) = (device(*id, picture), party(from));
            format!("-> {at} ring {who} from {from} to {to} for {ring_limit_ms} ms{peer}{auto}{hidden}")
        }
        OrderKind::Alert { peer } => {
            let peer = peer.map_or_else(String::new, |peer| format!(" with {}", leg(peer)));
            format!("-> {at} alert{peer}")
        }
        OrderKind::Accept { peer } => format!("-> {at} accept with {}", leg(*peer)),
        OrderKind::AnswerRemotely => format!("-> {at} answer remotely ({})", order.id),
        OrderKind::Join { peer } => format!("-> {at} join {}", leg(*peer)),
        OrderKind::Release { cause } => format!("-> {at} release {}", cause.name()),
    }
}

fn party(party: &Party) -> String {
    let number = if party.number.is_empty() { "-" } else { party.number.as_str() };
    if party.name.is_empty() { number.to_owned() } else { format!("{number} \"{}\"", party.name) }
}

const fn via(via: Via) -> &'static str {
    match via {
        Via::Direct => "direct",
        Via::Primary => "primary",
        Via::Secondary => "secondary",
        Via::Mobile => "mobile",
    }
}

/// One event.
#[must_use]
pub fn event(event: &Event, picture: &Picture, base: u64) -> String {
    let name = event.what.name();
    let mut line = format!("{} {name}", event.seq.saturating_sub(base));
    let _ = match &event.what {
        What::ServiceInitiated { connection, prompt, purpose, .. } => write!(
            line,
            " {} {} prompt={} purpose={} line={}",
            connection.id,
            device(connection.device, picture),
            prompt.name(),
            purpose.name(),
            connection.line.no
        ),
        What::Originated { connection, dialled, called, did, arrival, prompted, born } => {
            let _ = write!(line, " {connection} {} dialled={dialled} called={}", arrival.name(), party(called));
            if let Some(did) = did {
                let _ = write!(line, " did={did}");
            }
            if let Some(circuit) = born.as_ref().and_then(|born| born.0.circuit) {
                let _ = write!(line, " circuit={}", circuit.number);
            }
            write!(line, "{}", if *prompted { " prompted" } else { "" })
        }
        What::Delivered { connection, cause, via: by } => {
            let who = device(connection.device, picture);
            write!(line, " {} {who} {} via={}", connection.id, cause.name(), via(*by))
        }
        What::Established { connection, born, cause, peers } => {
            let peers: Vec<String> = peers.iter().map(ToString::to_string).collect();
            let unrung = if born.is_some() { " unrung" } else { "" };
            write!(line, " {connection} {} peers=[{}]{unrung}", cause.name(), peers.join(" "))
        }
        What::Failed { connection, cause, q850, called, offers, tone } => {
            let tone = if *tone { " tone" } else { "" };
            let (cause, called) = (cause.name(), party(called));
            write!(line, " {connection} {cause} {q850} called={called} offers={}{tone}", offers.len())
        }
        What::ConnectionCleared { connection, cause, by, q850, was, left } => {
            let by = match by {
                ClearedBy::Itself => "itself".to_owned(),
                ClearedBy::Party(party) => party.to_string(),
                ClearedBy::Request(request) => request.to_string(),
                ClearedBy::Exchange(cause) => format!("exchange({})", cause.name()),
            };
            write!(line, " {connection} {} {q850} by={by} was={} left={left}", cause.name(), was.name())
        }
        What::CallCleared { call } => write!(line, " {call}"),
        What::StageOpened { stage } => {
            write!(line, " {} {} to {}", stage.id, stage.kind.name(), party(&stage.target))
        }
        What::StageClosed { stage, result } => write!(line, " {} {}", stage.id, stage_result(*result)),
        What::CallInformation { call, data, vars } => {
            let custom: Vec<String> = data.custom.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(line, " {call} [{}]", custom.join(" "));
            if let Some(correlator) = &data.correlator {
                let _ = write!(line, " correlator={}", String::from_utf8_lossy(correlator));
            }
            if let Some(code) = &data.account_code {
                let _ = write!(line, " account={code}");
            }
            match vars {
                Some((connection, vars)) => {
                    let vars: Vec<String> = vars.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    write!(line, " {connection} vars=[{}]", vars.join(" "))
                }
                None => Ok(()),
            }
        }
        What::DigitsGenerated { connection, count } => write!(line, " {connection} {count}"),
        What::BackInService { device: id, contacts } => {
            write!(line, " {} at {} contacts", device(*id, picture), contacts.len())
        }
        What::OutOfService { device: id } => write!(line, " {}", device(*id, picture)),
        What::DoNotDisturb { extension, on } => {
            let number = picture.extensions.get(extension).map(|it| it.config.number.to_string());
            write!(line, " {} {}", number.unwrap_or_else(|| extension.to_string()), if *on { "on" } else { "off" })
        }
        What::ApplicationSession { device: id, user, open } => {
            let user = user.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
            write!(line, " {} {user} {}", device(*id, picture), if *open { "open" } else { "closed" })
        }
        What::ConfigurationChanged(what) => write!(line, " {}", configured(what)),
        What::Prompted { connection } => write!(line, " {connection}"),
    };
    line
}

fn configured(what: &Configured) -> String {
    let gone = |is: bool| if is { "" } else { " removed" };
    match what {
        Configured::Device(id, config) => format!("{id}{}", gone(config.is_some())),
        Configured::Extension(id, config) => format!("{id}{}", gone(config.is_some())),
        Configured::User(id, config) => format!("{id}{}", gone(config.is_some())),
        Configured::Trunk(id, config) => format!("{id}{}", gone(config.is_some())),
        Configured::Settings(_) => "settings".to_owned(),
    }
}

fn stage_result(result: StageResult) -> String {
    match result {
        StageResult::Answered => "answered".to_owned(),
        StageResult::Unanswered(cause) => format!("unanswered({})", cause.name()),
    }
}

/// One record: what a bill would be made from.
#[must_use]
pub fn record(record: &CallRecord, picture: &Picture) -> String {
    let parts: Vec<String> = record
        .connections
        .iter()
        .map(|part| {
            let it = &part.connection;
            let start = it.created;
            let life: Vec<String> = part
                .segments
                .iter()
                .map(|segment| {
                    let talks = if segment.peers.is_empty() { "" } else { "+" };
                    let (from, to) = (segment.from.ms_since(start), segment.to.ms_since(start));
                    format!("{from}..{to} {}{talks}", segment.state.name())
                })
                .collect();
            format!("{} {}: {} {}", it.id, device(it.device, picture), part.cause.name(), life.join(", "))
        })
        .collect();
    let stages: Vec<String> =
        record.stages.iter().map(|part| format!("{} {}", part.stage.id, stage_result(part.result))).collect();
    let (call, talk) = (record.call.id, record.talk_ms());
    format!("record {call} talk {talk} ms | {} | {}", parts.join(" | "), stages.join(", "))
}

/// One reply.
#[must_use]
pub fn reply(reply: &Reply, base: u64) -> String {
    let place = format!("{}..{}", reply.before.saturating_sub(base), reply.through.saturating_sub(base));
    let replayed = if reply.replayed { " replayed" } else { "" };
    format!("= {} {place}{replayed} {}", reply.request, outcome(&reply.outcome))
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Ok(Answer::Done) => "done".to_owned(),
        Ok(Answer::Made { call, connection, stage }) => format!("made {call} {connection} {stage}"),
        Ok(Answer::Connection { call, connection, stage }) => format!("ok {call} {connection} {stage}"),
        Ok(Answer::Ended { call, root, opened }) => format!("ended {call} {root} of {opened}"),
        Ok(Answer::Configured(id)) => format!("configured {id}"),
        Err(refusal) => format!("refused: {}{}", refusal.name(), detail(refusal)),
    }
}

fn detail(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSuchCall { wanted } => {
            format!("({})", wanted.iter().map(|state| state.name()).collect::<Vec<_>>().join(" "))
        }
        Refusal::DeviceState { connections } => format!("({connections})"),
        Refusal::ConnectionState { found } => format!("({})", found.name()),
        Refusal::Value { field } => format!("({field})"),
        Refusal::FirstLeg(fault) => format!("({})", fault.name()),
        Refusal::Resource(what) => format!("({what:?})"),
        Refusal::UnknownDevice
        | Refusal::UnknownNumber
        | Refusal::DestinationKind
        | Refusal::UnknownConnection
        | Refusal::AlreadyOver
        | Refusal::NotYours
        | Refusal::Restricted
        | Refusal::FeatureOff
        | Refusal::Unregistered
        | Refusal::DeviceCannot
        | Refusal::PeerRejected
        | Refusal::PeerTimeout
        | Refusal::OutOfService
        | Refusal::Internal
        | Refusal::InUse
        | Refusal::KeyReused
        | Refusal::NameTaken
        | Refusal::SessionState => String::new(),
    }
}

/// One input, as it stands at the margin of a ladder.
#[must_use]
pub fn input(input: &Input, picture: &Picture) -> String {
    match input {
        Input::Command(command) => self::command(command),
        Input::Configure(configure) => format!("{} configure", configure.request),
        Input::Engine(input) => engine(input, picture),
        Input::Timeout => "timeout".to_owned(),
    }
}

fn command(command: &Command) -> String {
    let verb = match &command.verb {
        Verb::MakeCall(make) => format!("make_call {} to {} prompt={}", name(&make.from), make.to, make.prompt.name()),
        Verb::AnswerCall { which } => format!("answer_call {}", selector(which)),
        Verb::ClearConnection { which } => format!("clear_connection {}", selector(which)),
        Verb::ClearCall { which } => format!("clear_call {}", selector(which)),
        Verb::ClearCallById { call } => format!("clear_call {call}"),
        Verb::AssociateData { which, .. } => format!("associate_data {}", selector(which)),
        Verb::SetDoNotDisturb { number, on } => {
            format!("set_do_not_disturb {number} {}", if *on { "on" } else { "off" })
        }
        Verb::OpenSession { device, .. } => format!("open_session {}", name(device)),
        Verb::CloseSession { device } => format!("close_session {}", name(device)),
        Verb::Shutdown => "shutdown".to_owned(),
        Verb::ClearDevice { device } => format!("clear_device {}", name(device)),
    };
    let at = match command.reply {
        ReplyAt::Accepted => "",
        ReplyAt::FirstAnswered => " reply=first_answered",
        ReplyAt::LegConfirmed => " reply=leg_confirmed",
    };
    let key = command.key.as_ref().map_or_else(String::new, |key| format!(" key={}", key.key));
    format!("{} {verb}{at}{key}", command.request)
}

fn name(name: &DeviceName) -> String {
    match name {
        DeviceName::Id(id) => id.to_string(),
        DeviceName::Number(number) => number.to_string(),
        DeviceName::Sip(user) => format!("sip:{user}"),
        DeviceName::Resource(resource) => resource.clone(),
    }
}

fn selector(which: &Which) -> String {
    match which {
        Which::Connection(id) => id.to_string(),
        Which::InCall { device, call } => format!("{} in {call}", name(device)),
        Which::OfDevice { device, .. } | Which::Latest { device, .. } => name(device),
    }
}

fn engine(input: &EngineInput, picture: &Picture) -> String {
    match input {
        EngineInput::Report(Report { leg: id, leg_seq, what }) => {
            let what = match what {
                ReportKind::Arrived { device: id, dialled, .. } => format!("{} dials {dialled}", device(*id, picture)),
                ReportKind::Alerting => "rings".to_owned(),
                ReportKind::Answered => "answered".to_owned(),
                ReportKind::Refused { cause, .. } => format!("refused {}", cause.name()),
                ReportKind::Released { cause, .. } => format!("released {}", cause.name()),
                ReportKind::Digits { digits } => format!("pressed {} digits", digits.as_str().len()),
            };
            format!("{}#{leg_seq} {what}", leg(*id))
        }
        EngineInput::Registration { device: id, contacts } => {
            format!("{} registered at {}", device(*id, picture), contacts.len())
        }
        EngineInput::OrderDone(id) => format!("{id} done"),
        EngineInput::OrderFailed { id, why } => {
            let why = match why {
                OrderFault::UnknownLeg => "unknown leg",
                OrderFault::DeviceCannot => "device cannot",
                OrderFault::Refused => "refused",
                OrderFault::NoResponse => "no response",
            };
            format!("{id} failed: {why}")
        }
        EngineInput::Inventory { legs } => {
            format!("inventory [{}]", legs.iter().map(|id| leg(*id)).collect::<Vec<_>>().join(" "))
        }
    }
}
