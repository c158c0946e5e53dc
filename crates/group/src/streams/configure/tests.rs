//! Topologies against topics that are there (kafka-semantics 171 to 174).

use super::*;
use crate::streams::topology::CopartitionGroup;

/// A topology from lines such as `0: in, r2(4) | out -> r1 | store ~ in+r2`: what it reads, with
/// counts for repartition topics; what it writes; its changelogs; what is joined.
fn topology(text: &str) -> Topology {
    let subtopologies = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(part);
    Topology { epoch: 0, subtopologies: subtopologies.collect() }
}

fn part(line: &str) -> Subtopology {
    let (id, rest) = line.split_once(':').expect("an id");
    let (rest, joined) = rest.split_once('~').unwrap_or((rest, ""));
    let mut fields = rest.split('|').map(words);
    let mut part = Subtopology {
        id: str(id),
        source_topics: Vec::new(),
        source_topic_regex: Vec::new(),
        state_changelog_topics: Vec::new(),
        repartition_sink_topics: Vec::new(),
        repartition_source_topics: Vec::new(),
        copartition_groups: Vec::new(),
    };
    for source in fields.next().unwrap_or_default() {
        match source.strip_suffix(')').and_then(|source| source.split_once('(')) {
            Some((name, partitions)) => {
                let partitions = partitions.parse().expect("a count");
                part.repartition_source_topics.push(internal(name, partitions));
            }
            None => part.source_topics.push(str(source)),
        }
    }
    part.repartition_sink_topics = fields.next().unwrap_or_default().into_iter().map(str).collect();
    let changelogs = fields.next().unwrap_or_default();
    part.state_changelog_topics = changelogs.into_iter().map(|name| internal(name, 0)).collect();
    if !joined.is_empty() {
        let mut group = CopartitionGroup::default();
        for topic in joined.trim().split('+') {
            let place = |found: Option<usize>| found.map(|place| place as i16);
            let source = part.source_topics.iter().position(|source| *source == *topic);
            match place(source) {
                Some(place) => group.source_topics.push(place),
                None => {
                    let mut topics = part.repartition_source_topics.iter();
                    let found = topics.position(|source| source.name == *topic);
                    group.repartition_source_topics.push(place(found).unwrap_or(99));
                }
            }
        }
        part.copartition_groups.push(group);
    }
    part
}

fn words(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

fn str(text: &str) -> Str {
    Str::copy_from(text)
}

fn internal(name: &str, partitions: i32) -> TopologyTopic {
    TopologyTopic { name: str(name), partitions, replication_factor: 0, configs: Vec::new() }
}

/// What a topology comes to with topics such as `in=3 other=2`.
fn configured(text: &str, topics: &str) -> String {
    let topics: BTreeMap<&str, i32> = topics
        .split_whitespace()
        .filter_map(|topic| topic.split_once('='))
        .map(|(name, count)| (name, count.parse().expect("a count")))
        .collect();
    match ConfiguredTopology::new(&topology(text), &|topic| topics.get(topic).copied()) {
        Ok(configured) => show(&configured),
        Err(error) => format!("invalid: {error}"),
    }
}

fn show(configured: &ConfiguredTopology) -> String {
    let tasks = configured.subtopologies.iter();
    let mut shown: Vec<_> =
        tasks.map(|(id, part)| format!("{id} has {}", part.task_count)).collect();
    let missing = configured.missing_topics.iter();
    shown.extend(missing.map(|topic| format!("{}={}", topic.name, topic.partitions)));
    shown.extend(configured.problem.as_ref().map(|problem| format!("{problem:?}")));
    shown.join("; ")
}

const WORD_COUNT: &str = "
    0: lines | counts-repartition
    1: counts-repartition(0) | | counts-changelog";

#[test]
fn internal_topics_get_the_size_of_what_they_are_filled_from() {
    assert_eq!(
        configured(WORD_COUNT, "lines=3"),
        "0 has 3; 1 has 3; counts-changelog=3; counts-repartition=3; \
         MissingInternal(\"Internal topics are missing: counts-changelog, counts-repartition\")"
    );
    assert_eq!(
        configured(WORD_COUNT, "lines=3 counts-changelog=3 counts-repartition=3"),
        "0 has 3; 1 has 3"
    );
    // The topology gives a count.
    let text = WORD_COUNT.replace("repartition(0)", "repartition(5)");
    assert_eq!(
        configured(&text, "lines=3 counts-changelog=5 counts-repartition=5"),
        "0 has 3; 1 has 5"
    );
}

#[test]
fn topics_of_users_must_be_there() {
    assert_eq!(configured(WORD_COUNT, ""), "MissingSource(\"Source topics lines are missing.\")");
    assert_eq!(
        configured("0: e, d, c, b, a | ", "c=1"),
        "MissingSource(\"Source topics a, b, d and 1 additional topics are missing.\")"
    );
}

#[test]
fn existing_internal_topics_must_have_the_right_size() {
    assert_eq!(
        configured(WORD_COUNT, "lines=3 counts-changelog=4 counts-repartition=3"),
        "IncorrectlyPartitioned(\"Existing topic counts-changelog has different number of \
         partitions: expected 3, found 4\")"
    );
}

#[test]
fn joined_topics_get_the_same_size() {
    // A table of the user decides.
    let join = "
        0: stream | r
        1: table, r(0) | | store ~ table+r";
    assert!(configured(join, "stream=7 table=4").contains("0 has 7; 1 has 4; r=4; store=4"));
    // Among repartition topics the largest does.
    let join = "
        0: left | l
        1: right | r
        2: l(0), r(0) | | store ~ l+r";
    let shown = configured(join, "left=2 right=5");
    assert!(shown.contains("2 has 5") && shown.contains("l=5") && shown.contains("r=5"), "{shown}");
    // A count that the topology gives wins over it.
    let fixed = join.replace("r(0)", "r(3)");
    let shown = configured(&fixed, "left=2 right=5");
    assert!(shown.contains("2 has 3") && shown.contains("l=3") && shown.contains("r=3"), "{shown}");
}

#[test]
fn joined_topics_that_cannot_have_the_same_size_are_told() {
    assert_eq!(
        configured("0: a, b | | ~ a+b", "a=2 b=3"),
        "IncorrectlyPartitioned(\"Following topics do not have the same number of partitions: \
         [{a=2, b=3}]\")"
    );
    assert_eq!(
        configured("0: a | r\n1: b, r(4) | | ~ b+r", "a=2 b=3"),
        "IncorrectlyPartitioned(\"Number of partitions [4] of repartition topic [r] doesn't match \
         number of partitions [3] of the source topic.\")"
    );
    assert_eq!(
        configured("0: a | r, s\n1: r(4), s(5) | | ~ r+s", "a=2"),
        "IncorrectlyPartitioned(\"Following topics do not have the same number of partitions: \
         [{r=4, s=5}]\")"
    );
}

#[test]
fn chains_of_repartition_topics_are_resolved_in_any_order() {
    let chain = "0: r1(0) | r2 |\n1: r2(0) | | store\n2: in | r1";
    assert!(configured(chain, "in=6").starts_with("0 has 6; 1 has 6; 2 has 6"));
}

#[test]
fn loops_and_topics_nobody_writes_are_invalid() {
    assert_eq!(
        configured("0: a(0) | b\n1: b(0) | a\n2: in |", "in=1"),
        "invalid: Failed to compute number of partitions for all repartition topics. There may be \
         loops in the topology that cannot be resolved."
    );
    assert_eq!(
        configured("0: in, r(0) |", "in=1"),
        "invalid: Failed to compute number of partitions for all repartition topics, because a \
         repartition source topic is never used as a sink topic."
    );
    assert_eq!(
        configured("0: in |\n1: | | store", "in=1"),
        "invalid: No source topics found for subtopology 1"
    );
}

#[test]
fn what_makes_no_sense_is_invalid() {
    let refused = |text: &str| configured(text, "in=1").starts_with("invalid: ");
    assert!(refused("0: in |\n0: in |"));
    assert!(refused("0: in, r(-1) | r"));
    assert!(refused("0: in, r(1), r(2) | r"));
    assert!(refused("0: in | | ~ in+nowhere"));
    let mut wrong = topology(WORD_COUNT);
    wrong.subtopologies[1].state_changelog_topics[0].partitions = 3;
    let error = wrong.check().expect_err("changelogs have no count");
    assert_eq!(
        error.0,
        "Changelog topic counts-changelog must have an undefined partition count, but it is set to \
         3."
    );
    wrong.epoch = -1;
    assert!(wrong.check().is_err());
}

/// Bounds: the number of subtopologies, of names, and of tasks.
#[test]
fn huge_topologies_are_refused() {
    let many: String = (0..2_001).map(|id| format!("{id}: in |\n")).collect();
    assert!(configured(&many, "in=1").starts_with("invalid: The topology has 2001 subtopologies"));
    let names: Vec<_> = (0..100_001).map(|name| format!("t{name}")).collect();
    let wide = format!("0: {} |", names.join(","));
    assert!(configured(&wide, "").starts_with("invalid: The topology names 100001"));
    let tasks: String = (0..20).map(|id| format!("{id}: in |\n")).collect();
    assert!(configured(&tasks, "in=50001").starts_with("invalid: The topology has 1000020 tasks"));
}

/// The worst order for a chain: every turn decides one topic.
#[test]
fn a_long_chain_in_the_worst_order_is_decided_fast() {
    let mut lines: Vec<_> =
        (1..1_999).map(|at| format!("{at}: r{at}(0) | r{} |", at + 1)).collect();
    lines.push("1999: r1999(0) | | store".into());
    lines.push("0: in | r1".into());
    lines.reverse();
    let shown = configured(&lines.join("\n"), "in=1");
    assert!(shown.contains("Internal topics are missing"), "{shown}");
}

#[test]
fn topologies_are_compared_by_their_parts() {
    let one = topology(WORD_COUNT);
    let mut other = one.clone();
    other.subtopologies.reverse();
    assert_eq!(one, other);
    other.subtopologies[0].source_topics.push(str("more"));
    assert_ne!(one, other);
    assert_eq!(one.reader_of("lines").map(|part| part.id.as_str()), Some("0"));
    assert_eq!(one.reader_of("counts-repartition").map(|part| part.id.as_str()), Some("1"));
    assert_eq!(one.reader_of("counts-changelog"), None);
}
