//! A client of the console API, blocking: the command line asks one thing at a time.

use super::Exchange;
use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(70);

/// The client.
pub(super) struct Client {
    agent: ureq::Agent,
    base: String,
    bearer: String,
}

impl Client {
    /// Reads address and token of a running exchange.
    pub(super) fn of(exchange: &Exchange) -> anyhow::Result<Self> {
        let base = match &exchange.url {
            Some(url) => format!("{}/api/v1", url.trim_end_matches('/')),
            None => format!("http://{}/api/v1", console_address(&exchange.data)?),
        };
        let file = exchange.data.join(crate::config::TOKEN_FILE);
        let token = std::fs::read_to_string(&file).with_context(|| {
            format!("reading the token {}: is --data the directory of a running exchange?", file.display())
        })?;
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_connect(Some(TIMEOUT)).build();
        Ok(Self { agent: config.into(), base, bearer: format!("Bearer {}", token.trim()) })
    }

    pub(super) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let response = self.agent.get(&url).header("Authorization", &self.bearer).call();
        answer(response.with_context(|| format!("asking {url}"))?)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let request =
            self.agent.post(&url).header("Authorization", &self.bearer).header("Content-Type", "application/json");
        answer(request.send(body.to_string()).with_context(|| format!("asking {url}"))?)
    }

    /// The stream of events, as it comes.
    pub(super) fn events(&self) -> anyhow::Result<impl Read + use<>> {
        let url = format!("{}/events", self.base);
        let request = self.agent.get(&url).header("Authorization", &self.bearer).header("Accept", "text/event-stream");
        let response = request.call().with_context(|| format!("asking {url}"))?;
        if response.status().as_u16() != 200 {
            answer(response)?;
            bail!("{url} gave no stream");
        }
        Ok(response.into_body().into_reader())
    }
}

/// A name as one segment of a path, whatever it holds.
pub(super) fn segment(name: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let coded = name.bytes().map(|octet| match plain(octet) {
        true => char::from(octet).to_string(),
        false => format!("%{octet:02X}"),
    });
    coded.collect()
}

fn console_address(data: &Path) -> anyhow::Result<String> {
    let file = data.join(crate::config::LISTEN_FILE);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("reading {}: is an exchange running with this --data?", file.display()))?;
    let listen: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not what serve writes", file.display()))?;
    listen["console"].as_str().map(str::to_owned).ok_or_else(|| anyhow!("this exchange has no console listener"))
}

/// The body of a good answer; a refusal as a sentence.
fn answer(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Value> {
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().context("reading the answer")?;
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let title = body["title"].as_str().unwrap_or("refused");
    let refusal = body["refusal"].as_str().unwrap_or("unknown");
    // A refusal that has no more to say has the title as its detail.
    let detail = body["detail"].as_str().filter(|detail| *detail != title);
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let errors: String = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| {
            format!("; {} {}", error["pointer"].as_str().unwrap_or(""), error["message"].as_str().unwrap_or(""))
        })
        .collect();
    bail!("{title} ({refusal}, {status}){detail}{errors}")
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_stays_within_its_segment() {
        assert_eq!(segment("call_7"), "call_7");
        assert_eq!(segment("../me?x#y"), "%2E%2E%2Fme%3Fx%23y");
        assert_eq!(segment("é%"), "%C3%A9%25");
    }
}
