//! Brokers, the controller, and the metadata this broker has.

use metadata::Image;
use metrics::Text;
use metrics::table::cluster as table;

use super::page::Page;
use super::phase::State;
use super::sources::Sources;

pub(crate) fn write_state(state: State, text: &mut Text) {
    text.one(&table::BROKER_STATE, [], i64::from(state as u8));
}

pub(crate) async fn write(sources: &Sources, page: &mut Page) {
    let parts = &sources.parts;
    let image = parts.broker.image();
    let is_active = parts.status.borrow().is_leader;
    page.text.one(&table::ACTIVE_CONTROLLER, [], is_active);
    page.text.one(&table::UNCLEAN_ELECTIONS, [], sources.unclean_elections.get());
    let provenance = image.provenance;
    let age = sources.env.clock().wall_ms() - provenance.last_contained_log_time_ms;
    page.text.one(&table::METADATA_OFFSET, [], provenance.last_contained_offset);
    page.text.one(&table::METADATA_TIMESTAMP, [], provenance.last_contained_log_time_ms);
    page.text.one(&table::METADATA_LAG, [], age.max(0));
    if is_active {
        write_controller(&image, page).await;
    }
}

/// What one node of a cluster tells, so that sums over all nodes are right.
async fn write_controller(image: &Image, page: &mut Page) {
    let (mut offline, mut imbalanced) = (0, 0);
    for (count, topic) in image.topics.iter().enumerate() {
        for (_, partition) in topic.partitions() {
            offline += usize::from(!partition.has_leader());
            imbalanced += usize::from(!partition.has_preferred_leader());
        }
        if count % 256 == 255 {
            tokio::task::yield_now().await;
        }
    }
    let serving = image.cluster.unfenced().count();
    let registered = image.cluster.brokers.len();
    let text = &mut page.text;
    text.one(&table::OFFLINE_PARTITIONS, [], offline);
    text.one(&table::PREFERRED_IMBALANCE, [], imbalanced);
    text.one(&table::GLOBAL_TOPICS, [], image.topics.len());
    text.one(&table::GLOBAL_PARTITIONS, [], image.topics.partition_count());
    text.one(&table::ACTIVE_BROKERS, [], serving);
    text.one(&table::FENCED_BROKERS, [], registered.saturating_sub(serving));
    text.one(&table::BROKERS, [], serving);
    let mut family = text.family(&table::BROKER_INFO);
    for broker in image.cluster.unfenced() {
        let address = broker.endpoints.first();
        let address = address.map(|at| format!("{}:{}", at.host, at.port)).unwrap_or_default();
        family.sample([&broker.id.to_string(), &address], 1);
    }
}
