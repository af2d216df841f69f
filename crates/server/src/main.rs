//! The program `hookswitch`; everything is in the library, so that tests can reach it.

/// The exchange makes and drops some hundred small values per call, on one thread and lets go of them on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hookswitch::cli::main()
}
