//! `ottla cluster`.

use super::At;
use super::show::{Cell, table};
use crate::error::Error;

/// Runs the command.
///
/// # Errors
/// What is told to the user.
pub(super) async fn run(at: &mut At<'_>) -> Result<(), Error> {
    let cluster = at.admin.describe_cluster(false).await?;
    let rows = cluster.brokers.iter().map(|broker| {
        vec![
            Cell::Number(broker.broker_id.into()),
            Cell::Text(format!("{}:{}", broker.host, broker.port)),
            broker.rack.as_ref().map_or(Cell::Unknown, |rack| Cell::from(&**rack)),
            Cell::from(&*cluster.cluster_id),
        ]
    });
    let rows = rows.collect();
    table(at, &["broker", "address", "rack", "cluster"], rows)
}
