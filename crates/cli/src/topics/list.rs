//! `--list`.

use super::{Context, Error};

/// Shows the names.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    for name in context.topics().await? {
        context.terminal.say(&*name)?;
    }
    Ok(())
}
