//! What all doors share: their handle on the exchange, rings of rendered frames, the clock.

pub mod ask;
pub mod clock;
pub mod exchange;
pub mod ring;
