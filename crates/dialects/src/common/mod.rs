//! What all doors share: their handle on the exchange, rings of rendered frames, what the projector feeds, the clock.

pub mod ask;
pub mod attempts;
pub mod clock;
pub mod exchange;
pub mod farewell;
pub mod frames;
pub mod json;
pub mod logons;
pub mod network;
pub mod pace;
pub mod ring;
pub mod xml;
