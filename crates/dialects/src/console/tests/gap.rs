//! Reading behind the ring, with a store that has forgotten its beginning.

use super::office::Office;
use crate::common::ask::{Ask, Fault};
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange};
use crate::console::cold::{Gap, Reader};
use crate::console::stream::Stream;
use switching::event::Event;
use switching::picture::Picture;
use switching::time::Time;

/// An exchange that stands at the log's end, whose store has the events from `oldest` on.
fn exchange(events: Vec<Event>, oldest: u64) -> (Exchange, Stream) {
    let mut mirror = Picture::default();
    events.iter().for_each(|event| mirror.fold(event, None));
    let stream = Stream::new(mirror.seq + 1);
    let (exchange, mut down) = Exchange::new(mirror, "ep_1".to_owned(), Clock::stopped(Time(0)));
    tokio::spawn(async move {
        while let Some(asked) = down.recv().await {
            if let Down::Ask(Ask::Events { from, most, back }) = asked {
                let kept = events.iter().filter(|event| event.seq >= oldest.max(from)).take(most).cloned().collect();
                let answer = if from < oldest { Err(Fault::Gone { oldest }) } else { Ok(kept) };
                // The reader may have gone.
                let _ = back.send(answer);
            }
        }
    });
    (exchange, stream)
}

async fn read_all(reader: &mut Reader, stream: &Stream, exchange: &Exchange) -> Result<Vec<u64>, Gap> {
    let mut seen = Vec::new();
    loop {
        let slots = reader.next(stream, exchange, 7).await?;
        if slots.is_empty() {
            return Ok(seen);
        }
        seen.extend(Reader::rendered(&slots).map(|event| event.seq));
    }
}

#[tokio::test]
async fn what_retention_deleted_is_a_gap_and_facts_go_on_where_they_can() {
    let mut office = Office::new(11);
    (0..100).for_each(|_| office.something());
    let events = std::mem::take(&mut office.events);
    let last = events.last().expect("something happened").seq;

    let (whole, stream) = exchange(events.clone(), 1);
    let seen = read_all(&mut Reader::after(0, true, false), &stream, &whole).await;
    assert_eq!(seen, Ok((1..=last).collect()));
    let seen = read_all(&mut Reader::after(last - 3, true, false), &stream, &whole).await;
    assert_eq!(seen, Ok((last - 2..=last).collect()));

    let (pruned, stream) = exchange(events, 50);
    for (from, after) in [(0, true), (0, false), (60, true), (48, false)] {
        let seen = read_all(&mut Reader::after(from, after, false), &stream, &pruned).await;
        assert_eq!(seen, Err(Gap::Expired { oldest: 50 }), "from {from}");
    }
    let seen = read_all(&mut Reader::after(49, false, false), &stream, &pruned).await;
    assert_eq!(seen, Ok((50..=last).collect()), "facts need no picture");
}
