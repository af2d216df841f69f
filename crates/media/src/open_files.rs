//! The open-file limit of the process: each port pair is two descriptors, so 1,000 relayed calls are 4,000.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// Raises the soft limit to `wanted` descriptors, or as near as the hard limit allows; never lowers it. Gives the limit
/// in force afterwards, `u64::MAX` standing for unlimited.
pub fn raise_open_file_limit(wanted: u64) -> io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(soft) = current else { return Ok(u64::MAX) };
    let target = wanted.min(maximum.unwrap_or(u64::MAX));
    if target <= soft {
        return Ok(soft);
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(target), maximum })?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raises_towards_the_hard_limit_and_never_lowers() {
        let before = getrlimit(Resource::Nofile);
        assert_eq!(raise_open_file_limit(1).unwrap(), before.current.unwrap_or(u64::MAX));
        let reached = raise_open_file_limit(u64::MAX - 1).unwrap();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.current.unwrap_or(u64::MAX), reached);
        assert_eq!(reached, before.maximum.map_or(reached, |hard| hard));
    }
}
