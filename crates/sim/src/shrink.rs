//! Delta debugging: a failing run is made shorter by leaving out chunks of its inputs, as long as it still fails.
//!
//! The kind of the fault must stay the same (its words without numbers), so that one bug is not traded for another.

use crate::bug::Bug;
use crate::checked::{Fault, Step};
use crate::run::{Failed, replay};
use switching::time::Time;

/// Most replays; then the shortest run so far is given.
const TRIES_MAX: usize = 4_000;

/// The shortest failing run that was found.
pub struct Shrunk {
    /// Its steps, those that build the house in front.
    pub steps: Vec<(Time, Step)>,
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
    let (house, mut rest) = failed.steps.split_at(failed.prefix.min(failed.steps.len()));
    let mut kept: Vec<(Time, Step)> = rest.to_vec();
    rest = &[];
    let _ = rest;
    let fails = |steps: &[(Time, Step)]| {
        let whole: Vec<(Time, Step)> = house.iter().chain(steps).cloned().collect();
        replay(&whole, bug, false).0.err().filter(|fault| kind(fault) == wanted)
    };
    let mut fault = fails(&kept)?;
    let mut tries = 0;
    let mut chunk = kept.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < kept.len() && tries < TRIES_MAX {
            tries += 1;
            let end = (at + chunk).min(kept.len());
            let without: Vec<(Time, Step)> = kept[..at].iter().chain(&kept[end..]).cloned().collect();
            match fails(&without) {
                Some(other) => {
                    kept = without;
                    fault = other;
                    shorter = true;
                }
                None => at = end,
            }
        }
        if tries >= TRIES_MAX || (chunk == 1 && !shorter) {
            break;
        }
        chunk = if shorter { chunk.min(kept.len()).max(1) } else { (chunk / 2).max(1) };
    }
    let steps: Vec<(Time, Step)> = house.iter().chain(&kept).cloned().collect();
    let (_, ladder) = replay(&steps, bug, true);
    Some(Shrunk { steps, inputs: kept.len(), fault, ladder: without_house(&ladder, house.len()) })
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
