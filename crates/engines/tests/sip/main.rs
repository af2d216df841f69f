//! The SIP engine with a real core behind it and scripted phones before it: virtual clock, no sockets.

mod basics;
mod net;
mod phone;
mod registrar;
mod world;
