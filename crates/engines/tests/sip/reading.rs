//! What a test asks of its world: which messages went where, what was reported, and whether nothing is left.

use crate::world::{Line, World};
use sip::message::Message;
use sip::sdp::{Audio, Session};
use std::net::SocketAddr;
use switching::engine::{EngineInput, ReportKind};
use switching::event::What;
use switching::record::CallRecord;

impl World {
    /// What was sent between the exchange and a phone: `> INVITE` up, `< 200 INVITE` down.
    pub fn between(&self, user: &str) -> Vec<String> {
        self.log.iter().filter(|line| line.phone == user).map(Line::short).collect()
    }

    /// The last message of that name to (`<`) or from (`>`) a phone.
    pub fn last(&self, user: &str, short: &str) -> &Message {
        let found = self.log.iter().rev().find(|line| line.phone == user && line.short() == short);
        &found.unwrap_or_else(|| panic!("no {short} at {user}:\n{}", self.ladder())).message
    }

    /// When such messages were sent, in milliseconds.
    pub fn times(&self, user: &str, short: &str) -> Vec<u64> {
        self.log.iter().filter(|line| line.phone == user && line.short() == short).map(|line| line.at).collect()
    }

    pub fn ladder(&self) -> String {
        let line = |line: &Line| format!("{:>9} {} {}\n", line.at, line.phone, line.short());
        self.log.iter().map(line).collect()
    }

    pub fn reports(&self) -> Vec<&ReportKind> {
        let reports = self.inputs.iter().filter_map(|input| match input {
            EngineInput::Report(report) => Some(&report.what),
            EngineInput::Registration { .. }
            | EngineInput::OrderDone(_)
            | EngineInput::OrderFailed { .. }
            | EngineInput::Inventory { .. } => None,
        });
        reports.collect()
    }

    pub fn registrations(&self, user: &str) -> Vec<usize> {
        let id = self.devices[user];
        let found = |input: &EngineInput| match input {
            EngineInput::Registration { device, contacts } if *device == id => Some(contacts.len()),
            _ => None,
        };
        self.inputs.iter().filter_map(found).collect()
    }

    /// Nothing is left: no leg, usage, transaction, port, connection; one balanced record for each call.
    pub fn assert_at_rest(&mut self) {
        self.rest();
        assert_eq!(self.engine.in_use(), [0; 4], "legs, usages, transactions, ports left\n{}", self.ladder());
        assert!(self.engine.is_idle(), "an index is left");
        assert_eq!(self.switch.live(), [0; 4], "legs, records, timers, replies left");
        assert!(self.checkpoints.is_empty());
        let begins =
            |what: &What| matches!(what, What::Originated { born: Some(_), .. } | What::ServiceInitiated { .. });
        let began = self.events.iter().filter(|event| begins(&event.what));
        assert_eq!(self.records.len(), began.count(), "one record per call");
        assert!(self.records.iter().all(CallRecord::balances));
        for phone in &self.phones {
            assert_eq!(phone.sip.usage_count(), 0, "{} still has a call\n{}", phone.user, self.ladder());
        }
    }
}

impl Line {
    pub fn short(&self) -> String {
        let arrow = if self.down { '<' } else { '>' };
        let method = self.message.method().as_str();
        if self.message.is_request() {
            format!("{arrow} {method}")
        } else {
            format!("{arrow} {} {method}", self.message.code())
        }
    }
}

/// Where a description wants its sound.
pub fn rtp(message: &Message) -> SocketAddr {
    audio(message).rtp.expect("an address")
}

pub fn audio(message: &Message) -> Audio {
    let sdp = message.sdp().unwrap_or_else(|| panic!("no description in {message:?}"));
    Audio::of(&Session::parse(&sdp).expect("readable")).expect("sound")
}

pub fn text(message: &Message) -> String {
    String::from_utf8_lossy(message.as_bytes()).into_owned()
}
