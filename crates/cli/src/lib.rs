//! Kafka's command line tools.

use std::process::ExitCode;

/// Whether there is a tool of this name (without `.sh`).
pub fn is_tool(_name: &str) -> bool {
    false
}

/// Runs a tool with its arguments.
pub fn run(_name: &str, _arguments: &[String]) -> ExitCode {
    ExitCode::FAILURE
}
