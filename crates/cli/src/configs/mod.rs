//! `kafka-configs`: shows and changes settings of topics, brokers, groups and client metrics
//! subscriptions, quotas, and SCRAM credentials.

mod alter;
mod describe;
mod entity;
mod options;
mod quotas;

use client::Admin;
use env::Env;

use crate::connect::admin;
use crate::error::Error;
use crate::options::Given;
use crate::terminal::Terminal;

use entity::Entities;
pub(crate) use options::OPTIONS;

/// What the actions work with.
struct Context<'a> {
    env: &'a Env,
    admin: Admin,
    given: &'a Given,
    entities: Entities,
    terminal: &'a mut Terminal,
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user; what the cluster refuses with the command line.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let entities = options::check(given)?;
    let admin = admin(env, given, terminal).await?;
    let mut context = Context { env, admin, given, entities, terminal };
    let result = if given.has("alter") {
        Box::pin(alter::run(&mut context)).await
    } else {
        Box::pin(describe::run(&mut context)).await
    };
    match result {
        Err(Error::Client(error)) => {
            let line = &given.line;
            terminal.complain(format!("Error while executing config command with args '{line}'"));
            Err(Error::Client(error))
        }
        other => other,
    }
}
