//! The program `hookswitch`.

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let data = PathBuf::from(value("--data").unwrap_or_else(|| "data/demo".to_owned()));
    let config = match value("--config") {
        Some(file) => {
            let mut config = hookswitch::config::Config::load(&PathBuf::from(file))?;
            config.data_dir = data;
            config
        }
        None => hookswitch::config::Config::demo(data, args.iter().any(|a| a == "--ephemeral-ports")),
    };
    hookswitch::serve::run(config)
}
