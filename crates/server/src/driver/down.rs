//! What doors hand down: commands, configuration, keys of commands, questions.

use super::{Driver, command};
use dialects::common::ask::Ask;
use dialects::common::exchange::{Down, KeyKnown};
use switching::Input;
use switching::command::Configure;

impl Driver {
    pub(super) fn down(&mut self, down: Down) {
        // Whoever was told of a command finds it carried out: what waited for the disk with it leaves first.
        self.let_go();
        match down {
            Down::Command(submit, back) => {
                if self.failed {
                    return;
                }
                let request = self.next_request();
                self.replies.insert(request, back);
                self.input(command(request, *submit));
            }
            Down::Configure(by, change, back) => {
                if self.failed {
                    return;
                }
                let request = self.next_request();
                self.replies.insert(request, back);
                self.draft.stored.durable = true;
                self.input(Input::Configure(Box::new(Configure { request, by, change: *change })));
            }
            Down::Key(by, key, back) => {
                let known = match self.parts.switch.key(&by, &key) {
                    None => KeyKnown::Unknown,
                    Some(None) => KeyKnown::Pending,
                    Some(Some(reply)) => KeyKnown::Done(Box::new(reply)),
                };
                // Its command may not be on disk yet, so this waits for the same gate.
                self.draft.visible.keys.push((known, back));
            }
            Down::Seq(back) => {
                // Whoever asked may have gone.
                let _ = back.send(self.parts.switch.picture().seq);
            }
            Down::Ask(Ask::Test(test, back)) => {
                let outcome = self.test(test);
                self.settle();
                // Whoever asked may have gone.
                let _ = back.send(outcome);
            }
            Down::Ask(Ask::Trace(call, back)) => {
                // Whoever asked may have gone.
                let _ = back.send(self.trace(call));
            }
            Down::Ask(ask) => {
                let answerer = self.parts.answerer.clone();
                self.parts.blocking.spawn_blocking(move || answerer.answer(ask));
            }
        }
    }
}
