//! Requests of one device are carried out in the order in which they came (TEL-TRN-01).
//!
//! Who comes gets the end of the line of its device; its turn is when the one before has gone. A line without anybody is forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The lines of all devices. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    /// The last of each line: its number, and what ends with it.
    last: BTreeMap<String, (u64, oneshot::Receiver<()>)>,
    numbers: u64,
}

/// A place in a line; the next one's turn comes when it is dropped.
pub(super) struct Turn {
    turns: Turns,
    device: String,
    number: u64,
    before: Option<oneshot::Receiver<()>>,
    // Dropped, never used: that is the end of this turn.
    _over: oneshot::Sender<()>,
}

impl Turns {
    /// The end of a device's line.
    pub(super) fn take(&self, device: String) -> Turn {
        let (over, ends) = oneshot::channel();
        let mut lines = self.lock();
        lines.numbers += 1;
        let number = lines.numbers;
        let before = lines.last.insert(device.clone(), (number, ends)).map(|(_, ends)| ends);
        drop(lines);
        Turn { turns: self.clone(), device, number, before, _over: over }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits until everybody before has gone.
    pub(super) async fn comes(&mut self) {
        if let Some(before) = self.before.take() {
            // It ends by being dropped.
            let _ = before.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.turns.lock();
        if lines.last.get(&self.device).is_some_and(|(number, _)| *number == self.number) {
            lines.last.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_device_has_a_line_of_its_own_that_keeps_its_order() {
        let turns = Turns::default();
        let [mut one, mut two, mut three] = ["1001", "1001", "1001"].map(|device| turns.take(device.to_owned()));
        let mut other = turns.take("1002".to_owned());
        other.comes().await;
        one.comes().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let told = |name: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().expect("no panic").push(name)
        };
        let (second, third) = (told("two"), told("three"));
        let last = tokio::spawn(async move {
            three.comes().await;
            third();
        });
        let middle = tokio::spawn(async move {
            two.comes().await;
            second();
        });
        tokio::task::yield_now().await;
        assert!(order.lock().expect("no panic").is_empty(), "the first has not gone");
        drop(one);
        middle.await.expect("no panic");
        last.await.expect("no panic");
        assert_eq!(*order.lock().expect("no panic"), ["two", "three"]);
        drop(other);
        assert!(turns.lock().last.is_empty(), "lines without anybody are forgotten");
    }
}
