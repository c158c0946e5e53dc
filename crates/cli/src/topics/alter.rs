//! `--alter`.

use super::{Context, Error, parse_assignment};

/// Gives the topics more partitions.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let topics = context.topics().await?;
    context.must_exist(&topics)?;
    let count = context.given.parsed::<i32>("partitions")?.unwrap_or_default();
    let assignment = context.given.one("replica-assignment")?.map(parse_assignment).transpose()?;
    for topic in &topics {
        // The assignment lists the partitions that are there too; only new ones are placed.
        let mut placed = assignment.clone();
        if let Some(placed) = &mut placed {
            let described = context.admin.describe_topics(std::slice::from_ref(topic), 2000);
            let there = described.await?.iter().map(|topic| topic.partitions.len()).sum();
            placed.drain(..placed.len().min(there));
        }
        context.admin.create_partitions(topic, count, placed).await?;
    }
    Ok(())
}
