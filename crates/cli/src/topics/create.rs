//! `--create`.

use super::{Context, Error, NewTopic, Str, parse_assignment};

/// Creates the topic.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let given = context.given;
    let name = Str::copy_from(given.one("topic")?.unwrap_or_default());
    let partitions = context.above_zero("partitions", "The partitions must be greater than 0")?;
    let factor = given.parsed::<i16>("replication-factor")?;
    if factor.is_some_and(|factor| factor < 1) {
        let problem = "The replication factor must be between 1 and 32767 inclusive";
        return Err(Error::Refused(problem.to_owned()));
    }
    let assignment = given.one("replica-assignment")?.map(parse_assignment).transpose()?;
    let configs = given.all("config").iter().map(|pair| config(pair)).collect::<Result<_, _>>()?;
    if name.contains(['.', '_']) {
        context.terminal.say(
            "WARNING: Due to limitations in metric names, topics with a period ('.') or \
             underscore ('_') could collide. To avoid issues it is best to use either, but not \
             both.",
        )?;
    }
    let topic = NewTopic {
        name: name.clone(),
        partitions,
        replication_factor: factor,
        assignment: assignment.unwrap_or_default(),
        configs,
    };
    for (_, result) in context.admin.create_topics(vec![topic]).await? {
        match result {
            Ok(_) => {}
            Err(client::Error::Refused { code: wire::ErrorCode::TopicAlreadyExists, .. })
                if given.has("if-not-exists") =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    context.terminal.say(format!("Created topic {name}."))?;
    Ok(())
}

/// Reads `name=value`; the value may be `[a,b]`.
fn config(pair: &str) -> Result<(Str, Str), Error> {
    let (name, value) = pair.split_once('=').ok_or_else(|| {
        Error::Refused(
            "requirement failed: Invalid topic config: all configs to be added must be in the \
             format \"key=val\"."
                .to_owned(),
        )
    })?;
    Ok((Str::copy_from(name.trim()), Str::copy_from(value.trim())))
}
