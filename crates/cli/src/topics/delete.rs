//! `--delete`.

use super::{Context, Error};

/// Deletes the topics.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let topics = context.topics().await?;
    context.must_exist(&topics)?;
    if topics.is_empty() {
        return Ok(());
    }
    for (_, result) in context.admin.delete_topics(&topics).await? {
        result?;
    }
    Ok(())
}
