//! A `.env` file: the parser of the file, every variable, and the report of what is in force.

use std::path::PathBuf;
use std::sync::OnceLock;

use pombo_server::config::{Config, Environment, effective};

/// A configuration that is accepted can be shown, and what is shown holds no key that was given.
pub fn run(data: &[u8]) {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        folder.join(format!("pombo-fuzz-{}.env", std::process::id()))
    });
    std::fs::write(file, data).expect("a file can be written");
    let environment = Environment::load(file);
    // The file may be removed at any time: it holds nothing that is needed again.
    std::fs::remove_file(file).expect("it was just written");
    let environment = match environment {
        Ok(environment) => environment,
        Err(error) => return drop(error.to_string()),
    };
    let shown = effective(&environment);
    assert!(shown.contains("AUTHENTICATION_API_KEY="));
    match Config::read(&environment) {
        Ok(config) => drop(config.warnings()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}
