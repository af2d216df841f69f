//! Bugs on purpose: they falsify what the core puts out, so that tests can see the watchers complain.

use switching::Output;
use switching::cause::Cause;
use switching::event::What;

/// What is made wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bug {
    /// Nothing.
    #[default]
    None,
    /// Events of this name get lost.
    DropEvent(&'static str),
    /// Records come twice.
    DoubleRecord,
    /// A connection that ended for the first cause is told to have ended for the second.
    WrongCause(Cause, Cause),
    /// Records tell of an answer that came later than it did.
    LateAnswer,
    /// Replies to commands get lost.
    DropReply,
    /// A losing phone of a fork is not released.
    ForgetLosers,
}

impl Bug {
    /// Falsifies what comes of one input.
    pub fn falsify(self, outputs: &mut Vec<Output>) {
        match self {
            Self::None => {}
            Self::DropEvent(name) => {
                outputs.retain(|output| !matches!(output, Output::Event(event) if event.what.name() == name));
            }
            Self::DoubleRecord => {
                let records = outputs.iter().filter(|output| matches!(output, Output::Record(_)));
                let again: Vec<Output> = records.cloned().collect();
                outputs.extend(again);
            }
            Self::WrongCause(from, to) => {
                for output in outputs {
                    if let Output::Event(event) = output
                        && let What::ConnectionCleared { cause, .. } = &mut event.what
                        && *cause == from
                    {
                        *cause = to;
                    }
                }
            }
            Self::LateAnswer => {
                for output in outputs {
                    if let Output::Record(record) = output {
                        for part in &mut record.connections {
                            part.connection.answered = part.connection.answered.map(|at| at.after_ms(1));
                        }
                    }
                }
            }
            Self::DropReply => outputs.retain(|output| !matches!(output, Output::Reply(_))),
            Self::ForgetLosers => outputs.retain(|output| {
                let Output::Engine(order) = output else { return true };
                let elsewhere = Cause::AnsweredElsewhere(switching::cause::Elsewhere::Branch);
                order.what != switching::engine::OrderKind::Release { cause: elsewhere }
            }),
        }
    }
}
