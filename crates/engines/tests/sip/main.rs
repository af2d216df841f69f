//! The SIP engine with a real core behind it and scripted phones before it: virtual clock, no sockets.

mod basics;
mod changes;
mod control;
mod early;
mod media;
mod net;
mod network;
mod phone;
mod reading;
mod registrar;
mod storm;
mod timers;
mod world;
