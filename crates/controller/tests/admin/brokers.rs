//! Brokers come and go: registrations, heartbeats, leaders, in-sync replicas, reassignments.
//!
//! Nothing stands behind these brokers but requests in their name. Node 1 is real.

use wire::messages::broker_registration_request::{Feature, Listener};
use wire::messages::*;
use wire::{Request, Uuid};

use super::builders::*;
use super::{Known, Step};

pub(super) fn requests() -> Vec<Step> {
    let mut steps = registrations();
    steps.extend(heartbeats());
    steps.extend(in_sync_replicas());
    steps.extend(fencing());
    steps.extend(elections());
    steps.extend(eligible_leaders());
    steps.extend(reassignments());
    steps.extend(directories());
    steps.extend(departures());
    steps
}

fn id(byte: u8) -> Uuid {
    Uuid([byte; 16])
}

/// The log directory of a broker.
fn dir(broker_id: i32) -> Uuid {
    id(100 + broker_id.unsigned_abs() as u8)
}

fn registration(known: &Known, broker_id: i32, incarnation: u8) -> BrokerRegistrationRequest {
    let feature = |(name, max): (&str, i16)| Feature {
        name: str(name),
        min_supported_version: if name == "metadata.version" { 7 } else { 0 },
        max_supported_version: max,
        ..Feature::default()
    };
    let features = [
        ("metadata.version", 30),
        ("kraft.version", 1),
        ("transaction.version", 2),
        ("group.version", 1),
        ("eligible.leader.replicas.version", 1),
        ("share.version", 1),
        ("streams.version", 1),
    ];
    BrokerRegistrationRequest {
        broker_id,
        cluster_id: known.cluster_id.clone(),
        incarnation_id: id(incarnation),
        listeners: vec![Listener {
            name: str("PLAINTEXT"),
            host: str("nowhere"),
            port: 9000 + (broker_id as u16 & 0xff),
            ..Listener::default()
        }],
        features: features.map(feature).to_vec(),
        rack: Some(str(if broker_id % 2 == 0 { "even" } else { "odd" })),
        log_dirs: vec![dir(broker_id)],
        previous_broker_epoch: -1,
        ..BrokerRegistrationRequest::default()
    }
}

/// A registration, with a change that makes it special.
fn register(
    title: &'static str,
    broker_id: i32,
    incarnation: u8,
    change: impl Fn(&mut BrokerRegistrationRequest, &Known) + 'static,
) -> Step {
    with(title, 4, move |known| {
        let mut request = registration(known, broker_id, incarnation);
        change(&mut request, known);
        request.into()
    })
}

fn heartbeat(
    title: &'static str,
    broker_id: i32,
    change: impl Fn(&mut BrokerHeartbeatRequest) + 'static,
) -> Step {
    with(title, 2, move |known| {
        let mut request = BrokerHeartbeatRequest {
            broker_id,
            broker_epoch: known.epoch(broker_id),
            // Whatever was written, this broker has read it.
            current_metadata_offset: 1_000_000,
            ..BrokerHeartbeatRequest::default()
        };
        change(&mut request);
        request.into()
    })
}

fn unfence(broker_id: i32) -> Step {
    heartbeat("unfence", broker_id, |_| {})
}

fn fence(broker_id: i32) -> Step {
    heartbeat("fence", broker_id, |request| request.want_fence = true)
}

/// What a leader proposes.
struct Proposal {
    leader: i32,
    topic: &'static str,
    index: i32,
    /// Those of the leader and of the partition, from what they really are.
    epochs: (i32, i32),
    isr: &'static [i32],
}

fn proposal(known: &Known, proposal: &Proposal) -> AlterPartitionRequest {
    use alter_partition_request::{BrokerState, PartitionData, TopicData};
    let member = |id: &i32| BrokerState {
        broker_id: *id,
        broker_epoch: known.epoch(*id),
        ..Default::default()
    };
    let topic_id = known.topic(proposal.topic);
    let index = proposal.index;
    let epochs = known.partitions.get(&(topic_id, index)).copied().unwrap_or_default();
    let partition = PartitionData {
        partition_index: index,
        leader_epoch: epochs.0 + proposal.epochs.0,
        partition_epoch: epochs.1 + proposal.epochs.1,
        new_isr_with_epochs: proposal.isr.iter().map(member).collect(),
        ..Default::default()
    };
    let topic = TopicData { topic_id, partitions: vec![partition], ..Default::default() };
    AlterPartitionRequest {
        broker_id: proposal.leader,
        broker_epoch: known.epoch(proposal.leader),
        topics: vec![topic],
        ..Default::default()
    }
}

/// A proposal of a leader for a partition.
fn alter_isr(
    title: &'static str,
    (leader, topic, index): (i32, &'static str, i32),
    epochs: (i32, i32),
    isr: &'static [i32],
) -> Step {
    let what = Proposal { leader, topic, index, epochs, isr };
    with(title, 3, move |known| proposal(known, &what).into())
}

/// As [`alter_isr`], with a change that makes it special.
fn alter_isr_oddly(
    title: &'static str,
    (leader, topic, index): (i32, &'static str, i32),
    epochs: (i32, i32),
    isr: &'static [i32],
    change: impl Fn(&mut AlterPartitionRequest) + 'static,
) -> Step {
    let what = Proposal { leader, topic, index, epochs, isr };
    with(title, 3, move |known| {
        let mut request = proposal(known, &what);
        change(&mut request);
        request.into()
    })
}

/// A broker that is not registered has no session either.
fn forget(broker_id: i32) -> Step {
    step("forget", 0, UnregisterBrokerRequest { broker_id, ..Default::default() })
}

fn min_isr(topic: &str, value: &str) -> Request {
    alter(TOPIC, topic, &[(SET, "min.insync.replicas", Some(value))])
}

fn registrations() -> Vec<Step> {
    vec![
        register("broker 2", 2, 2, |_, _| {}),
        register("the same again", 2, 2, |_, _| {}),
        register("another incarnation of a fenced broker", 2, 3, |_, _| {}),
        register("brokers 3", 3, 3, |_, _| {}),
        register("broker 4", 4, 4, |_, _| {}),
        register("another cluster", 5, 5, |r, _| r.cluster_id = str("other")),
        register("no cluster", 5, 5, |r, _| r.cluster_id = str("")),
        register("no directories", 5, 5, |r, _| r.log_dirs.clear()),
        register("two directories, one twice", 5, 5, |r, _| r.log_dirs = vec![dir(5), dir(5)]),
        register("another's directory", 5, 5, |r, _| r.log_dirs = vec![dir(2)]),
        register("a reserved directory", 5, 5, |r, _| {
            r.log_dirs = vec![Uuid::from_halves(0, 7)];
        }),
        register("no features", 5, 5, |r, _| r.features.clear()),
        register("an old release", 5, 5, |r, _| r.features[0].max_supported_version = 20),
        register("without groups", 5, 5, |r, _| r.features[3].max_supported_version = 0),
        register("an unknown feature", 5, 5, |r, _| r.features[1].name = str("unknown.version")),
        register("a feature twice", 5, 5, |r, _| r.features[1].name = str("group.version")),
        register("no listeners", 5, 5, |r, _| r.listeners.clear()),
        register("a listener twice", 5, 5, |r, _| {
            let listener = r.listeners[0].clone();
            r.listeners.push(listener);
        }),
        register("from ZooKeeper", 5, 5, |r, _| r.is_migrating_zk_broker = true),
        register("no rack", 5, 5, |r, _| r.rack = None),
    ]
}

fn heartbeats() -> Vec<Step> {
    vec![
        heartbeat("far behind", 2, |r| r.current_metadata_offset = 1),
        heartbeat("still fenced", 2, |r| r.want_fence = true),
        step("on fenced brokers", 7, assign("x", -1, -1, &[(0, &[2, 3])])),
        unfence(2),
        unfence(2),
        heartbeat("another epoch", 2, |r| r.broker_epoch = 1),
        heartbeat("of nobody", 9, |_| {}),
        step("with a fenced broker", 7, assign("fenced", -1, -1, &[(0, &[2, 3]), (1, &[4, 2])])),
        step("more replicas than unfenced brokers", 7, create(&[("x", 1, 3, &[])], true)),
        unfence(3),
        unfence(4),
        register("another incarnation of a live broker", 3, 9, |_, _| {}),
        register("the same incarnation of a live broker", 3, 3, |_, _| {}),
        unfence(3),
        step("more replicas than brokers", 7, create(&[("x", 1, 6, &[])], false)),
        step("a topic", 7, assign("t", -1, -1, &[(0, &[2, 3, 4]), (1, &[3, 4, 2])])),
        step("two in sync", 1, min_isr("t", "2")),
        step("another topic", 7, assign("u", -1, -1, &[(0, &[4, 3])])),
        step("uneven", 7, assign("x", -1, -1, &[(0, &[2, 3]), (1, &[2])])),
        step("with a gap", 7, assign("x", -1, -1, &[(0, &[2, 3]), (2, &[2, 3])])),
    ]
}

fn in_sync_replicas() -> Vec<Step> {
    let t = (2, "t", 0);
    let now = (0, 0);
    vec![
        alter_isr("shrink", t, now, &[2, 3]),
        alter_isr("an epoch of the past", t, (0, -1), &[2, 3, 4]),
        alter_isr("an epoch to come", t, (0, 1), &[2, 3, 4]),
        alter_isr("a leader epoch to come", t, (1, 0), &[2, 3, 4]),
        alter_isr("a leader epoch of the past", t, (-1, 0), &[2, 3, 4]),
        alter_isr("not the leader", (3, "t", 0), now, &[3]),
        alter_isr("without the leader", t, now, &[3, 4]),
        alter_isr("a stranger", t, now, &[2, 3, 5]),
        alter_isr("one twice", t, now, &[2, 3, 3]),
        alter_isr("nobody", t, now, &[]),
        alter_isr_oddly("a member of another epoch", t, now, &[2, 3, 4], |r| {
            r.topics[0].partitions[0].new_isr_with_epochs[2].broker_epoch = 1;
        }),
        alter_isr_oddly("a member of any epoch", t, now, &[2, 3, 4], |r| {
            r.topics[0].partitions[0].new_isr_with_epochs[2].broker_epoch = -1;
        }),
        alter_isr_oddly("recovering", t, now, &[2], |r| {
            r.topics[0].partitions[0].leader_recovery_state = 1;
        }),
        alter_isr_oddly("recovering with others", t, now, &[2, 3], |r| {
            r.topics[0].partitions[0].leader_recovery_state = 1;
        }),
        alter_isr("another partition", (2, "t", 9), now, &[2]),
        alter_isr_oddly("another topic", t, now, &[2], |r| r.topics[0].topic_id = id(77)),
        alter_isr_oddly("a topic without an id", t, now, &[2], |r| {
            r.topics[0].topic_id = Uuid::ZERO;
        }),
        alter_isr_oddly("a stale broker", t, now, &[2], |r| r.broker_epoch = 1),
        alter_isr("no change", t, now, &[2, 3, 4]),
        alter_isr("in another order", t, now, &[4, 3, 2]),
        with("without epochs of members", 2, move |known| {
            let what = Proposal { leader: 2, topic: "t", index: 0, epochs: now, isr: &[] };
            let mut request = proposal(known, &what);
            request.topics[0].partitions[0].new_isr = vec![2, 4];
            request.into()
        }),
    ]
}

fn fencing() -> Vec<Step> {
    let now = (0, 0);
    vec![
        fence(3),
        alter_isr("a fenced member", (2, "t", 0), now, &[2, 3, 4]),
        unfence(3),
        alter_isr("back again", (2, "t", 0), now, &[2, 4, 3]),
        fence(2),
        alter_isr("one that is not leader any more", (2, "t", 0), now, &[2, 3, 4]),
        alter_isr("its leader epoch", (2, "t", 0), (-1, -1), &[2, 3, 4]),
        alter_isr("shrink after the change", (3, "t", 0), now, &[3]),
        alter_isr("shrink to what is left", (4, "t", 0), now, &[4]),
        fence(4),
        fence(3),
        step("more partitions, none alive", 3, grow(&[("t", 3, Some(&[&[2, 3]]))], false)),
        unfence(2),
        unfence(4),
        unfence(3),
        alter_isr("the others follow", (4, "t", 0), now, &[4, 3]),
        alter_isr("the others follow the other", (2, "t", 0), now, &[2, 3]),
        step("more partitions", 3, grow(&[("t", 3, Some(&[&[4, 3, 2]]))], false)),
    ]
}

fn elections() -> Vec<Step> {
    vec![
        step("preferred", 2, elect(0, Some(&[("t", 0), ("t", 1), ("t", 2), ("u", 0)]))),
        step("preferred again", 2, elect(0, None)),
        step("unclean, with leaders", 2, elect(1, Some(&[("t", 0), ("u", 0)]))),
        fence(4),
        step("preferred is away", 2, elect(0, Some(&[("u", 0)]))),
        fence(3),
        step("preferred, nobody is there", 2, elect(0, Some(&[("u", 0)]))),
        step("unclean, nobody is there", 2, elect(1, Some(&[("u", 0)]))),
        unfence(4),
        step("unclean, somebody is there", 2, elect(1, Some(&[("u", 0), ("t", 1)]))),
        step("unclean, all", 2, elect(1, None)),
        unfence(3),
        step("everybody's preferred", 2, elect(0, None)),
    ]
}

fn eligible_leaders() -> Vec<Step> {
    let now = (0, 0);
    let unclean_elections = &[(SET, "unclean.leader.election.enable", Some("true"))];
    let two = &[(SET, "min.insync.replicas", Some("2"))];
    let one = &[(SET, "min.insync.replicas", Some("1"))];
    vec![
        step("elr", 7, assign("elr", -1, -1, &[(0, &[2, 3, 4])])),
        step("elr: two in sync", 1, min_isr("elr", "2")),
        alter_isr("elr: shrink", (2, "elr", 0), now, &[2, 3]),
        alter_isr("elr: below the minimum", (2, "elr", 0), now, &[2]),
        fence(3),
        register("while its session lasts", 3, 30, |_, _| {}),
        forget(3),
        register("an unclean restart", 3, 30, |_, _| {}),
        unfence(3),
        alter_isr("elr: grow", (2, "elr", 0), now, &[2, 3]),
        alter_isr("elr: shrink again", (2, "elr", 0), now, &[2]),
        fence(2),
        alter_isr("elr: grow under another", (3, "elr", 0), now, &[3, 4]),
        unfence(2),
        fence(4),
        forget(4),
        register("a restart", 4, 40, |r, known| r.previous_broker_epoch = known.epoch(4)),
        unfence(4),
        fence(3),
        forget(3),
        register("an unclean restart of the last leader", 3, 31, |_, _| {}),
        unfence(3),
        alter_isr("elr: of four", (4, "elr", 0), now, &[4]),
        step("elr: another minimum", 1, min_isr("elr", "1")),
        step("elr: two again", 1, min_isr("elr", "2")),
        fence(4),
        step("elr: the cluster's minimum", 1, alter(BROKER, "", two)),
        step("elr: no minimum for a broker", 1, alter(BROKER, "2", one)),
        step(
            "elr: the cluster needs one",
            1,
            alter(BROKER, "", &[(DELETE, "min.insync.replicas", None)]),
        ),
        step("elr: the cluster's minimum is one", 1, alter(BROKER, "", one)),
        fence(2),
        fence(3),
        forget(4),
        register("the last of the eligible restarts uncleanly", 4, 41, |_, _| {}),
        forget(2),
        register("another restarts uncleanly", 2, 21, |_, _| {}),
        unfence(2),
        step("unclean elections", 1, alter(TOPIC, "elr", unclean_elections)),
        alter_isr_oddly("still recovering", (2, "elr", 0), now, &[2], |r| {
            r.topics[0].partitions[0].leader_recovery_state = 1;
        }),
        alter_isr("recovered", (2, "elr", 0), now, &[2]),
        fence(2),
        unfence(4),
        alter_isr("recovered again", (4, "elr", 0), now, &[4]),
        unfence(2),
        unfence(3),
        alter_isr("everybody", (4, "elr", 0), now, &[2, 3, 4]),
        step("not everybody's preferred", 2, elect(0, None)),
    ]
}

fn reassignments() -> Vec<Step> {
    let now = (0, 0);
    let list = || ListPartitionReassignmentsRequest { timeout_ms: 30_000, ..Default::default() };
    let list_of = |topic: &str, partitions: &[i32]| {
        let topic = list_partition_reassignments_request::ListPartitionReassignmentsTopics {
            name: str(topic),
            partition_indexes: partitions.to_vec(),
            ..Default::default()
        };
        ListPartitionReassignmentsRequest { topics: Some(vec![topic]), ..list() }
    };
    vec![
        step("moving", 7, assign("r", -1, -1, &[(0, &[2, 3]), (1, &[3, 2])])),
        step("to others", 1, reassign("r", 0, Some(&[3, 4]), true)),
        step("list", 0, list()),
        step("list some", 0, list_of("r", &[0, 1, 9])),
        step("list nothing", 0, list_of("nosuch", &[0])),
        alter_isr("without the new one", (2, "r", 0), now, &[2]),
        alter_isr("half of it", (2, "r", 0), now, &[2, 4]),
        alter_isr("all of it", (2, "r", 0), now, &[2, 3, 4]),
        step("list after it", 0, list()),
        step("to more, not allowed", 1, reassign("r", 1, Some(&[2, 3, 4]), false)),
        step("to more", 1, reassign("r", 1, Some(&[2, 3, 4]), true)),
        step("to another while it runs", 1, reassign("r", 1, Some(&[4, 2]), true)),
        alter_isr("with one that is added", (3, "r", 1), now, &[2, 3, 4]),
        step("and back", 1, reassign("r", 1, Some(&[3, 2]), true)),
        step("to one that is added", 1, reassign("r", 1, Some(&[4]), true)),
        step("cancel", 1, reassign("r", 1, None, true)),
        step("cancel again", 1, reassign("r", 1, None, true)),
        step("in another order", 1, reassign("r", 1, Some(&[2, 3]), true)),
        step("to fewer", 1, reassign("r", 1, Some(&[3]), true)),
        step("to a fenced one", 1, reassign("r", 1, Some(&[5]), true)),
        alter_isr("the one that was moved to", (3, "r", 1), now, &[3, 5]),
        alter_isr("only the one there", (3, "r", 1), now, &[3]),
        step("list at last", 0, list()),
        step("cancel at last", 1, reassign("r", 1, None, true)),
        step("away from who is away", 1, reassign("r", 0, Some(&[2]), true)),
        fence(3),
        fence(4),
        step("cancel what cannot be", 1, reassign("r", 0, None, true)),
        unfence(3),
        unfence(4),
        step("partitions of what moves", 3, grow(&[("r", 4, None)], true)),
        step("a negative broker", 1, reassign("r", 0, Some(&[-2]), true)),
        step("the same as now", 1, reassign("r", 0, Some(&[3, 4]), true)),
    ]
}

fn assign_dirs(broker_id: i32, topic: &'static str, dirs: &'static [(u8, i32)]) -> Step {
    use assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
    with("directories", 0, move |known| {
        let topic_id = known.topic(topic);
        let one = |(dir, index): &(u8, i32)| {
            let partition = PartitionData { partition_index: *index, ..Default::default() };
            let topic = TopicData { topic_id, partitions: vec![partition], ..Default::default() };
            DirectoryData { id: id(*dir), topics: vec![topic], ..Default::default() }
        };
        AssignReplicasToDirsRequest {
            broker_id,
            broker_epoch: known.epoch(broker_id),
            directories: dirs.iter().map(one).collect(),
            ..Default::default()
        }
        .into()
    })
}

fn directories() -> Vec<Step> {
    vec![
        register("two directories", 6, 6, |r, _| r.log_dirs.push(id(200))),
        unfence(6),
        step("on two directories", 7, assign("d", -1, -1, &[(0, &[6, 4]), (1, &[4, 6])])),
        assign_dirs(6, "d", &[(200, 0), (106, 1)]),
        assign_dirs(6, "d", &[(200, 0)]),
        assign_dirs(6, "d", &[(200, 9), (77, 1)]),
        assign_dirs(4, "d", &[(104, 0)]),
        assign_dirs(2, "d", &[(102, 0)]),
        assign_dirs(6, "nosuch", &[(200, 0)]),
        heartbeat("a directory is gone", 6, |r| r.offline_log_dirs = vec![id(200)]),
        heartbeat("gone still", 6, |r| r.offline_log_dirs = vec![id(200)]),
        alter_isr("with a lost directory", (4, "d", 0), (0, 0), &[4, 6]),
        assign_dirs(6, "d", &[(106, 0)]),
        alter_isr("moved to another directory", (4, "d", 0), (0, 0), &[4, 6]),
        heartbeat("an unknown directory is gone", 6, |r| r.offline_log_dirs = vec![id(88)]),
        heartbeat("cordoned", 2, |r| r.cordoned_log_dirs = Some(vec![id(102)])),
        heartbeat("cordoned still", 2, |r| r.cordoned_log_dirs = Some(vec![id(102)])),
        heartbeat("not cordoned", 2, |r| r.cordoned_log_dirs = Some(vec![])),
    ]
}

fn departures() -> Vec<Step> {
    let allocate = |epoch: Option<i64>| {
        with("producer ids", 0, move |known| {
            let broker_epoch = epoch.unwrap_or_else(|| known.epoch(3));
            AllocateProducerIdsRequest { broker_id: 3, broker_epoch, ..Default::default() }.into()
        })
    };
    vec![
        allocate(None),
        allocate(None),
        allocate(Some(1)),
        heartbeat("leave", 3, |r| r.want_shut_down = true),
        step("while one leaves", 7, assign("leaving", -1, -1, &[(0, &[3, 4]), (1, &[4, 3])])),
        alter_isr("with one that leaves", (4, "leaving", 1), (0, 0), &[4, 3]),
        heartbeat("leave fenced", 5, |r| r.want_shut_down = true),
        heartbeat("come back", 3, |_| {}),
        forget(5),
        forget(4),
        forget(4),
        heartbeat("of one that is gone", 4, |_| {}),
        register("and comes back", 4, 44, |_, _| {}),
        unfence(4),
        step("delete", 6, delete(&[(Some("t"), Uuid::ZERO)])),
        step("delete another", 6, delete(&[(Some("r"), Uuid::ZERO)])),
    ]
}
