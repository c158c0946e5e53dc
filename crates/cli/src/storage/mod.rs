//! `kafka-storage`: makes log directories ready for a cluster, and shows whose they are.

mod arguments;
mod directories;
mod format;
mod info;

use env::Env;
use wire::Uuid;

use crate::error::Error;
use crate::features;
use crate::options::Given;
use crate::properties::Properties;
use crate::terminal::Terminal;

pub(crate) use arguments::OPTIONS;

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    match given.command {
        Some("info") => info::run(env, &configuration(env, given)?, terminal),
        Some("format") => format::run(env, given, &configuration(env, given)?, terminal),
        Some("version-mapping") => features::version_mapping(given, terminal),
        Some("feature-dependencies") => features::dependencies(given, terminal),
        _ => {
            terminal.say(new_id(env).to_string())?;
            Ok(())
        }
    }
}

fn configuration(env: &Env, given: &Given) -> Result<Properties, Error> {
    let path = given.one("config")?.unwrap_or_default();
    Properties::load(env.files(), path)
}

/// A random id whose text does not look like an option on a command line.
fn new_id(env: &Env) -> Uuid {
    loop {
        let id = Uuid(env.random().uuid());
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}
