//! The table of metrics. Each file below holds the rows of one area.
//!
//! Names are those that dashboards for Apache Kafka expect: of the JMX exporter with Strimzi's
//! rules, and of kafka_exporter. What has no name there begins with `ottla_`.

pub mod cluster;
pub mod logs;
pub mod network;
pub mod partitions;
pub mod process;
pub mod quorum;
pub mod requests;
pub mod topics;

use crate::Row;

/// Rows that belong together, and their heading in the reference.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Heading in the reference.
    pub title: &'static str,
    /// Its rows.
    pub rows: &'static [&'static Row],
}

/// All metrics.
pub static AREAS: &[Area] = &[
    Area { title: "Topics", rows: topics::ROWS },
    Area { title: "Partitions", rows: partitions::ROWS },
    Area { title: "Requests", rows: requests::ROWS },
    Area { title: "Connections and threads", rows: network::ROWS },
    Area { title: "Logs", rows: logs::ROWS },
    Area { title: "Brokers and controller", rows: cluster::ROWS },
    Area { title: "Metadata quorum", rows: quorum::ROWS },
    Area { title: "Process", rows: process::ROWS },
];

/// All rows, in the order of the areas.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    AREAS.iter().flat_map(|area| area.rows.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Kind;

    fn is_name(name: &str) -> bool {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    #[test]
    fn names_are_well_formed_and_said_once() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(is_name(row.name) && row.labels.iter().all(|label| is_name(label)), "{row:?}");
            assert!(seen.insert(row.name), "{} stands in two rows", row.name);
            assert!(row.doc.ends_with('.') && !row.doc.contains('|'), "{}: {}", row.name, row.doc);
        }
    }

    #[test]
    fn what_only_grows_says_so() {
        // Names that dashboards know, whatever their kind.
        let known = |name: &str| {
            name.starts_with("kafka_server_kafkaserver_linux_disk_")
                || name.starts_with("jvm_gc_collection_seconds_")
                || name.starts_with("kafka_server_brokermetadatametrics_")
                || name.starts_with("kafka_server_socket_server_metrics_")
        };
        for row in rows().filter(|row| !known(row.name)) {
            let grows = row.kind == Kind::Counter;
            assert_eq!(row.name.ends_with("_total"), grows, "{}", row.name);
        }
    }
}
