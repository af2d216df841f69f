//! The functions: which there are, who may call them, in which format they answer (FUS-FMT-02, 05, 06).
//!
//! One file per function, named as the vendor names it. A function reads the mirror or the store, or gives one command.

mod cc_get_channels;
mod cc_get_var;
mod cc_hangup;
mod cc_originate;
mod cc_ping;
mod cc_set_var;
mod db_get_call_history;
mod db_get_directory_info;
mod db_get_phone_state;
mod db_get_registration;
mod function;
mod traffic;

#[cfg(test)]
pub(super) use traffic::PARALLEL_MAX;
pub(super) use traffic::Traffic;

use super::error::{self, Trouble};
use super::wire::http::Method;
use super::wire::json::Json;
use super::wire::query::{self, Params};
use super::wire::xml::Element;
use super::wire::{ContentType, Request, Response};
use super::{Door, civil};
use crate::common::exchange::Submit;
use function::Function;
use std::net::IpAddr;
use switching::command::{Principal, ReplyAt, Verb};

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Xml,
    Json,
    /// A bare value.
    Plain,
}

/// One call of a function.
struct Asked<'a> {
    door: &'a Door,
    params: &'a Params,
    format: Format,
    client: IpAddr,
}

/// What a function gives.
enum Answer {
    /// A result code.
    Code(u8),
    /// A bare value, where the guide prints one.
    Value(String),
    /// A list as XML.
    Xml(Element),
    /// A list as JSON.
    Json(Json),
    /// No answer of that shape.
    Trouble(Trouble),
}

impl Door {
    /// Answers one request, whichever listener it came by.
    pub(super) async fn respond(&self, request: &Request) -> Response {
        if !self.config.admits(request.client) {
            tracing::warn!(dialect = "fusion", client = %request.client, "refused: address not allowed");
            return Response::empty(403);
        }
        if request.method == Method::Other {
            return Response::empty(405);
        }
        let Some(target) = query::target(&request.target) else { return unknown(Format::Xml) };
        let extension = target.extension.as_deref();
        let by_extension = if extension == Some("json") { Format::Json } else { Format::Xml };
        if let (Format::Json, Some(name)) = (by_extension, function::without_json(&target.function)) {
            return no_function(Format::Json, Trouble::NoJson(name));
        }
        let Some(function) = Function::named(&target.function) else { return unknown(by_extension) };
        let format = match extension {
            Some("php") => Format::Xml,
            Some("json") => Format::Json,
            None => function.bare_format(),
            Some(_) => return unknown(by_extension),
        };
        if request.method == Method::Head && function.changes() {
            return Response::empty(405);
        }
        if function.changes() && !self.config.admits_changes(request.client) {
            tracing::warn!(dialect = "fusion", client = %request.client, function = function.name(), "refused: read only");
            return Response::empty(403);
        }
        let Ok(params) = Params::parse(target.query, &request.body) else { return Response::empty(413) };
        // A call that waits for a person to answer takes no place from others.
        let place = if function.waits() { None } else { Some(self.traffic.enter(request.client)) };
        if matches!(place, Some(None)) {
            return Response::empty(503);
        }
        self.note_use(function, extension, request.client);
        if function.causes_events() {
            self.stream.take_in().await;
        }
        let asked = Asked { door: self, params: &params, format, client: request.client };
        let answer = function.call(&asked).await;
        if let (true, Answer::Code(result)) = (function.changes(), &answer) {
            tracing::info!(dialect = "fusion", client = %request.client, function = function.name(), result, "changing request");
        }
        written(function, format, answer)
    }

    /// Logs the use of what the vendor has declared outdated, once per client and day (FUS-LIM-14).
    fn note_use(&self, function: Function, extension: Option<&str>, client: IpAddr) {
        let outdated = [function.deprecated().then(|| function.name()), (extension == Some("php")).then_some(".php")];
        let clock = self.exchange.clock();
        let day = civil::day(clock.unix_ms(clock.now()), &self.config.time_zone);
        for what in outdated.into_iter().flatten() {
            if self.traffic.first_use(client, what, day) {
                tracing::info!(dialect = "fusion", %client, what, "a deprecated form is in use");
            }
        }
    }
}

impl Asked<'_> {
    /// Gives a command; true once its effects are committed and in the mirror.
    async fn command(&self, function: &'static str, verb: Verb, reply: ReplyAt) -> bool {
        let by = Principal { door: "fusion".to_owned(), account: self.client.to_string() };
        let submit = Submit { reply, ..Submit::plain(by, verb) };
        match self.door.exchange.command(submit).await {
            Ok(reply) => {
                self.door.exchange.reached(reply.through).await;
                match &reply.outcome {
                    Ok(_) => true,
                    Err(refusal) => {
                        let (request, refused) = (reply.request, refusal.name());
                        tracing::info!(dialect = "fusion", client = %self.client, function, %request, refused, "refused");
                        error::result_code(refusal) == error::DONE
                    }
                }
            }
            Err(_) => {
                tracing::warn!(dialect = "fusion", client = %self.client, function, "not taken: stopping");
                false
            }
        }
    }
}

const fn code(done: bool) -> Answer {
    Answer::Code(if done { error::DONE } else { error::FAILED })
}

fn written(function: Function, format: Format, answer: Answer) -> Response {
    let (root, indent) = (function.root(), function.indent());
    let content = |kind, text| Response { status: 200, content: Some((kind, text)) };
    let in_root = |name: &str, text: String| Element::list(root, vec![Element::text(name, text)]).write(indent);
    match answer {
        Answer::Xml(list) => content(ContentType::Xml, list.write(indent)),
        Answer::Json(list) => content(ContentType::Json, list.write()),
        Answer::Code(code) => match format {
            Format::Xml => content(ContentType::Xml, in_root("Result", code.to_string())),
            Format::Json => content(ContentType::Json, Json::one("Result", Json::Number(code.into())).write()),
            Format::Plain => content(ContentType::Plain, code.to_string()),
        },
        Answer::Value(value) => match format {
            Format::Xml => content(ContentType::Xml, in_root("Result", value)),
            Format::Json => content(ContentType::Json, Json::one("Result", Json::Text(value)).write()),
            Format::Plain => content(ContentType::Plain, value),
        },
        Answer::Trouble(trouble) => {
            let response = match format {
                Format::Xml => content(ContentType::Xml, in_root("Error", trouble.text())),
                Format::Json => content(ContentType::Json, Json::one("Error", Json::Text(trouble.text())).write()),
                Format::Plain => content(ContentType::Plain, String::new()),
            };
            Response { status: trouble.status(), ..response }
        }
    }
}

fn unknown(format: Format) -> Response {
    no_function(format, Trouble::UnknownFunction)
}

/// There is no function to answer, so that its root is not known either.
fn no_function(format: Format, trouble: Trouble) -> Response {
    let text = trouble.text();
    let content = match format {
        Format::Json => (ContentType::Json, Json::one("Error", Json::Text(text)).write()),
        Format::Xml | Format::Plain => (ContentType::Xml, Element::text("Error", text).write("")),
    };
    Response { status: trouble.status(), content: Some(content) }
}
