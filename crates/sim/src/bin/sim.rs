//! The simulator program (being written).
fn main() {}
