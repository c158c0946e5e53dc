//! Requests and the time they take.

use metrics::Metric;
use metrics::table::requests as table;
use net::{RequestTimes, Stage};
use wire::ApiKey;

use super::page::Page;
use super::sources::Sources;

const STAGES: [(&Metric<1>, Stage); 7] = [
    (&table::TOTAL_TIME, Stage::Total),
    (&table::QUEUE_TIME, Stage::RequestQueue),
    (&table::LOCAL_TIME, Stage::Local),
    (&table::REMOTE_TIME, Stage::Remote),
    (&table::THROTTLE_TIME, Stage::Throttle),
    (&table::RESPONSE_QUEUE_TIME, Stage::ResponseQueue),
    (&table::RESPONSE_SEND_TIME, Stage::ResponseSend),
];

/// The requests of one name: since the start, and lately.
struct Named {
    name: &'static str,
    all: RequestTimes,
    recent: RequestTimes,
}

pub(crate) async fn write(sources: &Sources, page: &mut Page) {
    let requests = named(sources);
    let mut family = page.text.family(&table::REQUESTS);
    for named in &requests {
        for (version, count) in &named.all.versions {
            family.sample([named.name, &version.to_string()], *count);
        }
    }
    for (metric, stage) in STAGES {
        let mut family = page.text.family(metric);
        for named in &requests {
            family.summary([named.name], named.recent.stage(stage), named.all.stage(stage));
        }
        page.breathe().await;
    }
}

/// Requests of brokers' listeners and of controllers', which are told together except that Kafka
/// tells fetches apart: consumers fetch from the former, followers from the latter.
fn named(sources: &Sources) -> Vec<Named> {
    let now = sources.env.now();
    let meters = sources.parts.meters.iter().zip(["FetchConsumer", "FetchFollower"]);
    let mut requests: Vec<Named> = Vec::new();
    for (place, (meter, fetch)) in meters.enumerate() {
        let all = meter.request_times();
        let (before, _) = sources.earlier().requests[place].compare(now, &all);
        for times in all {
            let Some(api) = ApiKey::from_code(times.api_key) else { continue };
            let earlier = before.iter().find(|earlier| earlier.api_key == times.api_key);
            let recent = earlier.map_or_else(|| times.clone(), |earlier| times.since(earlier));
            if api == ApiKey::Fetch {
                let (all, recent) = (times.clone(), recent.clone());
                requests.push(Named { name: fetch, all, recent });
            }
            match requests.iter_mut().find(|named| named.name == api.name()) {
                Some(named) => {
                    named.all.merge(&times);
                    named.recent.merge(&recent);
                }
                None => requests.push(Named { name: api.name(), all: times, recent }),
            }
        }
    }
    requests
}
