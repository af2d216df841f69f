//! Delta debugging: a failing run is made shorter by leaving out chunks of its inputs, as long as it still fails.
//!
//! The kind of the fault must stay the same (its words without numbers), so that one bug is not traded for another.

use crate::bug::Bug;
use crate::checked::Fault;
use crate::run::{Failed, replay};
use crate::translate::Recorded;

/// Most replays; then the shortest run so far is given.
const TRIES_MAX: usize = 4_000;

/// The shortest failing run that was found.
pub struct Shrunk {
    /// Its steps, those that build the house in front.
    pub steps: Vec<Recorded>,
    /// How many steps there are beside those that build the house.
    pub inputs: usize,
    /// What is wrong.
    pub fault: Fault,
    /// Its text.
    pub ladder: String,
}

/// Shrinks. None where the run does not fail again when its inputs alone are given (a fault of the world around the core, for
/// example something that never comes to rest).
#[must_use]
pub fn shrink(failed: &Failed, bug: Bug) -> Option<Shrunk> {
    let wanted = kind(&failed.fault);
    let mirror_every = if wanted.contains("mirror") { 1 } else { u64::MAX };
    let (house, inputs) = failed.steps.split_at(failed.prefix.min(failed.steps.len()));
    let fails = |steps: &[Recorded]| {
        let whole: Vec<Recorded> = house.iter().chain(steps).cloned().collect();
        replay(&whole, bug, mirror_every, false).0.err().filter(|fault| kind(fault) == wanted)
    };
    fails(inputs)?;
    let kept = shorten(inputs.to_vec(), |steps| fails(steps).is_some());
    let fault = fails(&kept)?;
    let steps: Vec<Recorded> = house.iter().chain(&kept).cloned().collect();
    let (_, ladder) = replay(&steps, bug, mirror_every, true);
    Some(Shrunk { steps, inputs: kept.len(), fault, ladder: without_house(&ladder, house.len()) })
}

/// Leaves out ever smaller chunks as long as what is left still fails.
fn shorten(mut kept: Vec<Recorded>, fails: impl Fn(&[Recorded]) -> bool) -> Vec<Recorded> {
    let mut chunk = kept.len().div_ceil(2).max(1);
    let mut tries = 0;
    loop {
        let mut shorter = false;
        let mut at = 0;
        while at < kept.len() {
            tries += 1;
            if tries > TRIES_MAX {
                return kept;
            }
            let end = (at + chunk).min(kept.len());
            let without: Vec<Recorded> = kept[..at].iter().chain(&kept[end..]).cloned().collect();
            if fails(&without) {
                kept = without;
                shorter = true;
            } else {
                at = end;
            }
        }
        if chunk == 1 && !shorter {
            return kept;
        }
        chunk = (chunk / 2).max(1);
    }
}

/// The words of a fault without its numbers.
fn kind(fault: &Fault) -> String {
    fault.what.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The ladder after the building of the house: each building input has one line at the margin of time.
fn without_house(ladder: &str, inputs: usize) -> String {
    let mut seen = 0;
    let rest = ladder.lines().skip_while(|line| {
        seen += usize::from(!line.starts_with("         "));
        seen <= inputs
    });
    rest.map(|line| format!("{line}\n")).collect()
}
