//! snapshot (TEL-REQ-26) and the long poll (TEL-TRN-09): the complete picture of a device, at once or when it changes.
//!
//! There are no forwards, mailboxes and agents yet: the lists are empty, no message waits.

use super::super::Door;
use super::super::call::{self, Seen, Shows};
use super::super::error::TelError;
use super::super::session::{Over, Progress};
use super::super::wire::{self, Poll, Writer};
use super::{Client, Done, Open};
use switching::id::DeviceId;
use switching::picture::Picture;
use switching::time::Time;
use tokio::sync::watch;

impl Door {
    pub(super) async fn snapshot(&self, number: &str, poll: Option<Poll>, client: Client) -> Done {
        let open = self.session(number, client).await?;
        let with_seq = client.http || poll.is_some();
        let mut end = None;
        if let Some(poll) = poll.filter(|poll| poll.timeout_s > 0) {
            end = self.wait(&open, poll, client).await?;
        }
        let known = poll.and_then(|poll| poll.seq);
        Ok(Some(self.picture_of(&open, known, with_seq, end)))
    }

    /// Waits until the device has changed since the number the client knows.
    async fn wait(&self, open: &Open, poll: Poll, client: Client) -> Result<Option<End>, TelError> {
        let Some(seq) = poll.seq else { return Ok(None) };
        let polls_max = self.0.config.polls_max;
        let following = self.0.stream.sessions(|sessions, _, _| {
            let session = sessions.get(&open.key).ok_or(TelError::NoOpenSession)?;
            if !session.is_current(seq) {
                return Ok(None);
            }
            if session.polls >= polls_max {
                return Err(TelError::ResourceError);
            }
            session.polls += 1;
            let following = session.follow();
            // Taken here, where nothing can change in between.
            let started = *following.borrow();
            Ok(Some((following, started)))
        })?;
        let Some((mut following, started)) = following else { return Ok(None) };
        let _waiting = Waiting { door: self, key: &open.key };
        let changed =
            |now: &Progress| now.seq != started.seq || now.over.is_some() || left(&started, now, client).is_some();
        let timeout_s = u64::try_from(poll.timeout_s).unwrap_or(0).min(self.0.config.poll_s_max);
        let clock = self.0.exchange.clock();
        tokio::select! {
            // The session may end, and with it the sender.
            _ = following.wait_for(changed) => {}
            () = clock.sleep_ms(timeout_s * 1_000) => {}
        }
        let now = clock.now();
        self.0.stream.sessions(|sessions, _, _| sessions.touch(&open.key, client.ip, now));
        self.0.timers.notify_one();
        Ok(ended(&started, &following, client))
    }

    fn picture_of(&self, open: &Open, known: Option<i64>, with_seq: bool, end: Option<End>) -> String {
        let (now, shows) = (self.0.exchange.clock().now(), self.0.config.shows());
        self.0.exchange.read(|picture| {
            let stand = self.0.stream.sessions(|sessions, _, _| sessions.get(&open.key).map(|it| it.stand(known)));
            wire::result(|w| {
                w.within("snapshot", |w| {
                    let last = stand.as_ref().map(|stand| stand.seq).or(end.map(|end| end.seq));
                    if let Some(seq) = last.filter(|_| with_seq) {
                        w.number("snapshotSeq", seq);
                    }
                    w.within("calls", |w| {
                        calls(w, picture, open.device, now, shows);
                        stand.iter().flat_map(|stand| &stand.ended).for_each(|call| w.raw(call));
                    });
                    w.empty("forwards");
                    w.choice("msgWaiting", "off");
                    let undisturbed = picture.extension_of(open.device).is_some_and(|(_, it)| it.do_not_disturb);
                    w.choice("doNotDisturb", if undisturbed { "on" } else { "off" });
                    if let Some(end) = end {
                        w.choice("session", end.over.name());
                    }
                });
            })
        })
    }
}

fn calls(w: &mut Writer, picture: &Picture, device: DeviceId, now: Time, shows: Shows) {
    let connections = picture.devices.get(&device).into_iter().flat_map(|device| &device.connections);
    for connection in connections.filter_map(|id| picture.connections.get(id)) {
        let extra = picture.calls.get(&connection.call).and_then(call::extra);
        if let Some(seen) = Seen::of(picture, connection) {
            w.raw(&seen.element(call::talk_s(connection, now), None, extra.as_deref(), shows));
        }
    }
}

/// How the session has ended for this client, and the number of its last change.
#[derive(Debug, Clone, Copy)]
struct End {
    over: Over,
    seq: u64,
}

/// Whether it has ended meanwhile.
fn ended(started: &Progress, following: &watch::Receiver<Progress>, client: Client) -> Option<End> {
    let now = *following.borrow();
    let over = now.over.or_else(|| left(started, &now, client))?;
    Some(End { over, seq: now.seq })
}

fn left(started: &Progress, now: &Progress, client: Client) -> Option<Over> {
    let (count, ip, over) = now.left?;
    let before = started.left.map_or(0, |(count, _, _)| count);
    (count > before && ip == client.ip).then_some(over)
}

/// A poll counts while this lives.
struct Waiting<'a> {
    door: &'a Door,
    key: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.door.0.stream.sessions(|sessions, _, _| {
            if let Some(session) = sessions.get(self.key) {
                session.polls = session.polls.saturating_sub(1);
            }
        });
    }
}
