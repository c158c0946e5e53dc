//! The table of settings. Each file below holds the rows of one area, sorted by name.
//!
//! Everything else follows from these rows: what is accepted, the typed structs of
//! [`crate::ServerConfig`], the answers of `DescribeConfigs`, and `docs/reference/config.md`.

mod broker;
mod client_metrics;
mod group;
mod group_dynamic;
mod log;
mod metrics;
mod network;
mod quorum;
mod quota;
mod remote;
mod replication;
mod sasl;
mod security;
mod share;
mod throttle;
mod topic;
mod txn;

use crate::setting::Setting;

/// Rows that belong together, and their heading in the reference.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Heading in the reference.
    pub title: &'static str,
    /// Its rows, sorted by name.
    pub rows: &'static [Setting],
}

/// The settings of a broker or controller.
pub const BROKER: &[Area] = &[
    Area { title: "Node", rows: broker::ROWS },
    Area { title: "Listeners and connections", rows: network::ROWS },
    Area { title: "Logs and topic defaults", rows: log::ROWS },
    Area { title: "Replication", rows: replication::ROWS },
    Area { title: "Controller quorum", rows: quorum::ROWS },
    Area { title: "Groups and offsets", rows: group::ROWS },
    Area { title: "Share groups", rows: share::ROWS },
    Area { title: "Transactions", rows: txn::ROWS },
    Area { title: "Quotas", rows: quota::ROWS },
    Area { title: "Security and TLS", rows: security::ROWS },
    Area { title: "SASL", rows: sasl::ROWS },
    Area { title: "Tiered storage", rows: remote::ROWS },
    Area { title: "Metrics and health", rows: metrics::ROWS },
];

/// Broker settings that only exist as dynamic ones.
pub const BROKER_DYNAMIC_ONLY: &[Area] =
    &[Area { title: "Replication throttles (dynamic only)", rows: throttle::ROWS }];

/// The settings of a topic.
pub const TOPIC: &[Area] = &[Area { title: "Topics", rows: topic::ROWS }];

/// The settings of a group.
pub const GROUP: &[Area] = &[Area { title: "Groups", rows: group_dynamic::ROWS }];

/// The settings of a client metrics subscription.
pub const CLIENT_METRICS: &[Area] =
    &[Area { title: "Client metrics subscriptions", rows: client_metrics::ROWS }];

/// The row of `name` among `areas`.
pub fn find(areas: &'static [Area], name: &str) -> Option<&'static Setting> {
    areas.iter().find_map(|area| {
        let at = area.rows.binary_search_by(|row| row.name.cmp(name)).ok()?;
        area.rows.get(at)
    })
}

/// All rows of `areas`, in the order of the areas.
pub fn rows(areas: &'static [Area]) -> impl Iterator<Item = &'static Setting> {
    areas.iter().flat_map(|area| area.rows)
}

/// The row of `name`, looked up while compiling: a name that is not in the table does not build.
pub(crate) const fn row(areas: &'static [Area], name: &str) -> &'static Setting {
    let mut area = 0;
    while area < areas.len() {
        let rows = areas[area].rows;
        let mut at = 0;
        while at < rows.len() {
            if same_text(rows[at].name, name) {
                return &rows[at];
            }
            at += 1;
        }
        area += 1;
    }
    panic!("no such setting in the table");
}

const fn same_text(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DefaultValue, Value};

    const ALL: [&[Area]; 5] = [BROKER, BROKER_DYNAMIC_ONLY, TOPIC, GROUP, CLIENT_METRICS];

    #[test]
    fn rows_are_sorted_and_said_once() {
        for areas in ALL {
            for area in areas {
                assert!(area.rows.is_sorted_by(|a, b| a.name < b.name), "{}", area.title);
            }
            let mut names: Vec<&str> = rows(areas).map(|row| row.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn defaults_are_valid_and_documented() {
        for row in ALL.into_iter().flat_map(rows) {
            assert!(row.doc.ends_with(['.', '`']), "{} {}", row.name, row.doc);
            let value = Value::default_of(row);
            if row.default != DefaultValue::Required {
                row.valid.check(row.name, value.as_ref()).unwrap();
            }
            if let Some(value) = value {
                assert_eq!(row.parse(&value.to_string()), Ok(value), "{}", row.name);
            }
        }
    }

    #[test]
    fn synonyms_are_broker_settings() {
        for synonym in rows(TOPIC).chain(rows(GROUP)).flat_map(|row| row.synonyms) {
            assert!(find(BROKER, synonym.name).is_some(), "{}", synonym.name);
        }
    }

    #[test]
    fn the_table_is_complete() {
        // kafka-configs, preface; besides, three client metrics settings and three throttles
        let counts = ALL.map(|areas| rows(areas).filter(|row| !row.own).count());
        assert_eq!(counts, [360, 3, 34, 17, 3]);
    }
}
