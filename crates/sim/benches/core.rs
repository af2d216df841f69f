//! `cargo bench -p sim`, and so `make bench`: the core alone, as `core_bench` measures it. Nothing is asserted about time.

#[path = "../src/bin/core_bench.rs"]
mod core_bench;

fn main() {
    core_bench::main();
}
