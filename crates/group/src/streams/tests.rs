//! Streams groups from heartbeat to heartbeat (kafka-semantics 171 to 175).

use std::collections::BTreeMap;

use wire::{Str, Uuid};

use super::heartbeat::Standing;
use super::settings::GroupSettings;
use super::turn::{Effects, RevocationTimer, StreamsTurn};
use super::*;
use crate::classic::request::Client;
use crate::cluster::Cluster;
use crate::consumer::TopicHashes;

/// Topics and their sizes.
#[derive(Debug)]
struct Topics(BTreeMap<&'static str, i32>);

/// A group with its topics, clock and settings; records are applied as they are made.
struct World {
    group: Option<StreamsGroup>,
    topics: Topics,
    hashes: TopicHashes,
    settings: GroupSettings,
    now_ms: i64,
    is_delayed: bool,
    /// Every record so far, for loading the group anew.
    log: Vec<Part>,
    /// What the last event did.
    effects: Effects,
}

impl Cluster for Topics {
    fn topic(&self, name: &str) -> Option<crate::cluster::Topic> {
        let partitions = *self.0.get(name)?;
        Some(crate::cluster::Topic { id: Uuid::from_halves(7, partitions as u64), partitions })
    }

    fn topic_name(&self, _id: Uuid) -> Option<Str> {
        None
    }

    fn topic_names(&self) -> Vec<Str> {
        self.0.keys().map(|name| str(name)).collect()
    }

    fn racks(&self, _topic_id: Uuid, _partition: i32) -> Vec<Str> {
        Vec::new()
    }

    fn version(&self) -> i64 {
        0
    }

    fn group_setting(&self, _group_id: &str, _name: &str) -> Option<Str> {
        None
    }
}

const ALL: [(&str, i32); 3] = [("lines", 2), ("repartition", 2), ("changelog", 2)];

fn str(text: &str) -> Str {
    Str::copy_from(text)
}

/// `0: lines -> repartition`, `1: repartition, with a store`.
fn word_count() -> Topology {
    let topic = |name: &'static str| TopologyTopic {
        name: name.into(),
        partitions: 0,
        replication_factor: 0,
        configs: vec![("cleanup.policy".into(), "delete".into())],
    };
    let part = |id: &'static str| Subtopology {
        id: id.into(),
        source_topics: Vec::new(),
        source_topic_regex: Vec::new(),
        state_changelog_topics: Vec::new(),
        repartition_sink_topics: Vec::new(),
        repartition_source_topics: Vec::new(),
        copartition_groups: Vec::new(),
    };
    let reads = Subtopology {
        source_topics: vec!["lines".into()],
        repartition_sink_topics: vec!["repartition".into()],
        ..part("0")
    };
    let counts = Subtopology {
        repartition_source_topics: vec![topic("repartition")],
        state_changelog_topics: vec![topic("changelog")],
        ..part("1")
    };
    Topology { epoch: 0, subtopologies: vec![reads, counts] }
}

fn joining(member: &str) -> StreamsHeartbeat {
    StreamsHeartbeat {
        group_id: "g".into(),
        member_id: str(member),
        endpoint_epoch: 0,
        rebalance_timeout_ms: 60_000,
        client: Client { id: "c".into(), host: "/127.0.0.1".into() },
        topology: Some(word_count()),
        active_tasks: Some(Vec::new()),
        standby_tasks: Some(Vec::new()),
        warmup_tasks: Some(Vec::new()),
        process_id: Some(str(&format!("p-{member}"))),
        ..StreamsHeartbeat::default()
    }
}

fn going_on(member: &str, epoch: i32) -> StreamsHeartbeat {
    StreamsHeartbeat {
        group_id: "g".into(),
        member_id: str(member),
        member_epoch: epoch,
        rebalance_timeout_ms: -1,
        client: Client { id: "c".into(), host: "/127.0.0.1".into() },
        ..StreamsHeartbeat::default()
    }
}

/// Tells its tasks, such as `0_1 1_0 +1_1`.
fn owning(mut request: StreamsHeartbeat, tasks: &str) -> StreamsHeartbeat {
    let list = |is_standby: bool| {
        let words = tasks.split_whitespace().filter(|word| word.starts_with('+') == is_standby);
        let task = |word: &str| {
            let (id, partition) = word.trim_start_matches('+').split_once('_')?;
            Some((str(id), vec![partition.parse().ok()?]))
        };
        Some(words.filter_map(task).collect())
    };
    (request.active_tasks, request.standby_tasks) = (list(false), list(true));
    request.warmup_tasks = Some(Vec::new());
    request
}

impl World {
    fn new(topics: &[(&'static str, i32)]) -> Self {
        let settings = GroupSettings {
            initial_rebalance_delay_ms: 0,
            assignment_interval_ms: 0,
            ..StreamsSettings::default().of_group(&Topics(BTreeMap::new()), "g")
        };
        Self {
            group: None,
            topics: Topics(topics.iter().copied().collect()),
            hashes: TopicHashes::default(),
            settings,
            now_ms: 1_000,
            is_delayed: false,
            log: Vec::new(),
            effects: Effects::default(),
        }
    }

    fn send(&mut self, request: StreamsHeartbeat) -> Result<StreamsBeat, StreamsRefused> {
        if let Some(refused) = request.refusal() {
            return Err(refused);
        }
        let turn =
            StreamsTurn { settings: &self.settings, cluster: &self.topics, now_ms: self.now_ms };
        let standing = Standing { is_stored: self.group.is_some(), is_delayed: self.is_delayed };
        let mut fresh = StreamsGroup::new("g".into());
        let group = self.group.as_mut().unwrap_or(&mut fresh);
        let (beat, effects) = match request.leaves() {
            true => group.leave(&request)?,
            false => group.heartbeat(request, standing, &mut self.hashes, turn)?,
        };
        self.is_delayed |= effects.initial_delay_ms.is_some();
        self.take(effects);
        Ok(beat)
    }

    fn take(&mut self, effects: Effects) {
        for record in &effects.parts {
            let group = self.group.get_or_insert_with(|| StreamsGroup::new("g".into()));
            group.apply(record.clone());
        }
        self.log.extend(effects.parts.iter().cloned());
        self.effects = effects;
    }

    /// Answers as text.
    fn beat(&mut self, request: StreamsHeartbeat) -> String {
        match self.send(request) {
            Err(refused) => format!("{refused}"),
            Ok(beat) => show(&beat),
        }
    }

    fn delay_over(&mut self) {
        self.is_delayed = false;
        let turn =
            StreamsTurn { settings: &self.settings, cluster: &self.topics, now_ms: self.now_ms };
        let effects = self.group.as_ref().map(|group| group.initial_delay_over(turn));
        self.take(effects.unwrap_or_default());
    }

    fn state(&self) -> &'static str {
        self.group.as_ref().map_or("none", |group| group.state_name())
    }

    fn topics_changed(&mut self) {
        let topics: Vec<Str> = self.topics.0.keys().map(|name| str(name)).collect();
        self.hashes.forget(&topics);
        self.group.as_mut().expect("a group").topics_changed(topics.iter());
    }

    /// The group as a coordinator that loads it sees it.
    fn reload(&mut self) {
        let mut group = StreamsGroup::new("g".into());
        for record in &self.log {
            group.apply(record.clone());
        }
        self.group = Some(group);
    }
}

fn show(beat: &StreamsBeat) -> String {
    let mut text = format!("epoch {}", beat.member_epoch);
    if let Some(tasks) = &beat.tasks {
        let list = |tasks: &Tasks, sign: &str| -> String {
            let each = tasks.iter().flat_map(|(id, partitions)| {
                partitions.iter().map(move |task| format!(" {sign}{id}_{task}"))
            });
            each.collect()
        };
        text.push(':');
        text.push_str(&list(&tasks.active, ""));
        text.push_str(&list(&tasks.standby, "+"));
    }
    for (status, _) in &beat.statuses {
        text.push_str(&format!("; {status:?}"));
    }
    for topic in &beat.missing_topics {
        text.push_str(&format!("; create {}={}", topic.name, topic.partitions));
    }
    text
}

#[test]
fn the_first_member_gets_all_tasks() {
    let mut world = World::new(&ALL);
    assert_eq!(world.beat(joining("a")), "epoch 2: 0_0 0_1 1_0 1_1");
    assert_eq!(world.state(), "Stable");
    assert_eq!(world.beat(going_on("a", 2)), "epoch 2");
    assert!(world.effects.parts.is_empty());
    assert_eq!(world.beat(owning(going_on("a", 2), "0_0 0_1 1_0 1_1")), "epoch 2");
}

/// Internal topics are asked for until they are there; then tasks are given out.
#[test]
fn tasks_wait_for_internal_topics() {
    let mut world = World::new(&[("lines", 2)]);
    assert_eq!(
        world.beat(joining("a")),
        "epoch 2:; MissingInternalTopics; create changelog=2; create repartition=2"
    );
    assert_eq!(world.state(), "NotReady");
    assert!(world.beat(going_on("a", 2)).contains("create changelog=2"));
    world.topics.0.extend(ALL);
    // Nobody said that topics changed.
    assert!(world.beat(going_on("a", 2)).contains("MissingInternalTopics"));
    world.topics_changed();
    assert_eq!(world.beat(going_on("a", 2)), "epoch 3: 0_0 0_1 1_0 1_1");
    assert_eq!(world.state(), "Stable");
}

#[test]
fn topics_of_users_that_are_not_there_are_told() {
    let mut world = World::new(&[]);
    assert_eq!(world.beat(joining("a")), "epoch 2:; MissingSourceTopics");
    world.topics.0.extend([("lines", 2), ("changelog", 3)]);
    world.topics_changed();
    assert_eq!(world.beat(going_on("a", 2)), "epoch 3; IncorrectlyPartitionedTopics");
}

/// A topic of the user grows: its tasks are counted anew.
#[test]
fn tasks_end_when_topics_do_not_fit_any_more() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.topics.0.insert("lines", 3);
    world.topics_changed();
    assert_eq!(world.beat(going_on("a", 2)), "epoch 2:; IncorrectlyPartitionedTopics");
    assert_eq!(world.state(), "NotReady");
}

/// A second member: the first gives up half of its tasks before the second gets them.
#[test]
fn tasks_move_without_being_owned_twice() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    assert_eq!(world.beat(joining("b")), "epoch 3:");
    assert_eq!(world.state(), "Reconciling");
    assert_eq!(world.beat(owning(going_on("a", 2), "0_0 0_1 1_0 1_1")), "epoch 2: 0_0 1_0");
    assert_eq!(world.effects.revocation_timer, RevocationTimer::Start { after_ms: 60_000 });
    assert_eq!(world.beat(going_on("b", 3)), "epoch 3");
    assert_eq!(world.beat(owning(going_on("a", 2), "0_0 1_0")), "epoch 3");
    assert_eq!(world.effects.revocation_timer, RevocationTimer::Stop);
    assert_eq!(world.beat(going_on("b", 3)), "epoch 3: 0_1 1_1");
    assert_eq!(world.state(), "Stable");
}

#[test]
fn standbys_follow_the_setting_of_the_group() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.beat(joining("b"));
    world.beat(owning(going_on("a", 2), "0_0 1_0"));
    world.beat(owning(going_on("a", 2), "0_0 1_0"));
    world.beat(going_on("b", 3));
    world.settings.num_standby_replicas = 1;
    // Tasks without state have none.
    assert_eq!(world.beat(going_on("a", 3)), "epoch 4: 0_0 1_0 +1_1");
    assert_eq!(world.beat(going_on("b", 3)), "epoch 4: 0_1 1_1 +1_0");
    assert_eq!(world.beat(going_on("a", 4)), "epoch 4");
}

#[test]
fn lying_epochs_are_fenced() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    assert_eq!(
        world.beat(going_on("a", 7)),
        "The streams group member has a greater member epoch (7) than the one known by the group \
         coordinator (2). The member must abandon all its partitions and rejoin."
    );
    assert!(world.beat(going_on("a", 1)).contains("a smaller member epoch (1)"));
    assert_eq!(world.beat(going_on("b", 2)), "Member b is not a member of group g.");
    assert!(world.beat(going_on("a", -3)).contains("must be greater than or equal to -2"));
    // It may join anew, and gets what it had.
    assert_eq!(world.beat(joining("a")), "epoch 2: 0_0 0_1 1_0 1_1");
}

/// The answer with the new epoch may be lost: the member comes with the one before, and with no
/// more than it was given.
#[test]
fn a_lost_answer_does_no_harm() {
    let mut world = World::new(&[("lines", 2)]);
    world.beat(joining("a"));
    world.topics.0.extend(ALL);
    world.topics_changed();
    world.beat(going_on("a", 2));
    assert_eq!(world.beat(owning(going_on("a", 2), "")), "epoch 3");
    assert!(world.beat(going_on("a", 2)).contains("smaller"));
    assert!(world.beat(owning(going_on("a", 1), "")).contains("smaller"));
}

#[test]
fn tasks_that_do_not_exist_are_refused() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    assert_eq!(
        world.beat(owning(going_on("a", 2), "7_0")),
        "Subtopology 7 does not exist in the topology."
    );
    for task in ["0_2", "0_-1"] {
        let refused = world.beat(owning(going_on("a", 2), task));
        assert!(refused.ends_with("Number of tasks for this subtopology: 2"), "{refused}");
    }
}

#[test]
fn a_group_that_was_empty_waits_for_more_members() {
    let mut world = World::new(&ALL);
    world.settings.initial_rebalance_delay_ms = 3_000;
    assert_eq!(world.beat(joining("a")), "epoch 1:; AssignmentDelayed");
    assert_eq!(world.effects.initial_delay_ms, Some(3_000));
    assert_eq!(world.beat(joining("b")), "epoch 1:; AssignmentDelayed");
    assert_eq!(world.effects.initial_delay_ms, None);
    assert_eq!(world.state(), "Assigning");
    world.delay_over();
    assert_eq!(world.beat(going_on("a", 1)), "epoch 3: 0_0 1_0");
    assert_eq!(world.beat(going_on("b", 1)), "epoch 3: 0_1 1_1");
    assert_eq!(world.state(), "Stable");
}

#[test]
fn assignments_keep_their_distance() {
    let mut world = World::new(&ALL);
    world.settings.assignment_interval_ms = 1_000;
    world.beat(joining("a"));
    world.now_ms += 999;
    assert_eq!(world.beat(joining("b")), "epoch 2:; AssignmentDelayed");
    world.now_ms += 1;
    assert_eq!(world.beat(going_on("b", 2)), "epoch 3");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut world = World::new(&ALL);
    let mut check = |change: &dyn Fn(&mut StreamsHeartbeat), text: &str| {
        let mut request = joining("a");
        change(&mut request);
        assert_eq!(world.beat(request), text);
    };
    check(&|it| it.instance_id = Some("i".into()), "Static membership is not yet supported.");
    check(&|it| it.has_task_offsets = true, "TaskOffsets are not supported yet.");
    check(&|it| it.has_task_end_offsets = true, "TaskEndOffsets are not supported yet.");
    check(
        &|it| it.warmup_tasks = Some(vec![("0".into(), vec![0])]),
        "WarmupTasks are not supported yet.",
    );
    check(
        &|it| {
            let part = it.topology.as_mut().and_then(|topology| topology.subtopologies.first_mut());
            part.expect("a part").source_topic_regex.push(".*".into());
        },
        "Regular expressions for source topics are not supported yet.",
    );
    check(&|it| it.member_id = " ".into(), "MemberId can't be empty.");
    check(&|it| it.group_id = "".into(), "GroupId can't be empty.");
    check(&|it| it.rack_id = Some("".into()), "RackId can't be empty.");
    check(
        &|it| it.rebalance_timeout_ms = -1,
        "RebalanceTimeoutMs must be provided in first request.",
    );
    check(&|it| it.active_tasks = None, "ActiveTasks must be empty when (re-)joining.");
    check(&|it| it.topology = None, "Topology must be non-null when (re-)joining.");
    check(&|it| it.member_epoch = 1, "Topology can only be provided when (re-)joining.");
    check(
        &|it| {
            (it.member_epoch, it.topology, it.warmup_tasks) = (1, None, None);
        },
        "If one task-type is non-null, all must be non-null.",
    );
    assert!(world.group.is_none());
}

#[test]
fn the_topology_stays() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    let mut other = joining("b");
    other.topology.as_mut().expect("a topology").epoch = 1;
    assert_eq!(world.beat(other), "Topology updates are not supported yet.");
    let mut newer = World::new(&ALL);
    let mut first = joining("a");
    first.topology.as_mut().expect("a topology").epoch = 5;
    newer.beat(first);
    assert_eq!(newer.beat(joining("b")), "epoch 3:; StaleTopology");
    assert_eq!(newer.beat(going_on("b", 3)), "epoch 3; StaleTopology");
}

#[test]
fn one_member_can_stop_all() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.beat(joining("b"));
    let mut last = going_on("b", -1);
    last.shutdown_application = true;
    assert_eq!(world.beat(last), "epoch -1");
    assert!(world.effects.leaves);
    let beat = world.send(going_on("a", 2)).expect("a beat");
    let (status, detail) = beat.statuses.last().expect("a status");
    assert_eq!(*status, StreamsStatus::ShutdownApplication);
    assert_eq!(
        detail,
        "Streams group member b encountered a fatal error and requested a shutdown for the entire \
         application."
    );
    // It is over when all are gone.
    world.beat(going_on("a", -1));
    assert_eq!(world.state(), "Empty");
    assert!(!world.beat(joining("c")).contains("ShutdownApplication"));
}

#[test]
fn silent_members_lose_their_tasks() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.beat(joining("b"));
    world.beat(owning(going_on("a", 2), "0_0 0_1 1_0 1_1"));
    // `a` does not give up what it must.
    let group = world.group.as_ref().expect("a group");
    assert!(group.revocation_expired(&"b".into()).is_none());
    let effects = group.revocation_expired(&"a".into()).expect("fenced");
    assert!(group.session_expired(&"nobody".into()).is_none());
    world.take(effects);
    assert_eq!(world.beat(going_on("b", 3)), "epoch 4: 0_0 0_1 1_0 1_1");
    let expired = world.group.as_ref().and_then(|group| group.session_expired(&"b".into()));
    world.take(expired.expect("fenced"));
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.beat(going_on("b", 4)), "Member b is not a member of group g.");
}

#[test]
fn a_full_group_takes_nobody() {
    let mut world = World::new(&ALL);
    world.settings.max_size = 1;
    world.beat(joining("a"));
    assert_eq!(
        world.beat(joining("b")),
        "The streams group has reached its maximum capacity of 1 members."
    );
}

/// Who answers queries about what is told when it changed.
#[test]
fn endpoints_are_told_with_their_epoch() {
    let mut world = World::new(&ALL);
    let mut with_endpoint = joining("a");
    with_endpoint.user_endpoint = Some(Endpoint { host: "h".into(), port: 1 });
    let beat = world.send(with_endpoint).expect("a beat");
    // A group that is being created has no epoch yet.
    assert_eq!((beat.endpoint_epoch, beat.endpoints.map(|list| list.len())), (0, Some(1)));
    let beat = world.send(joining("b")).expect("a beat");
    assert_eq!((beat.endpoint_epoch, beat.endpoints), (0, None));
    let beat = world.send(owning(going_on("a", 2), "0_0 0_1 1_0 1_1")).expect("a beat");
    assert_eq!(beat.endpoint_epoch, 1);
    let of_a = EndpointPartitions {
        endpoint: Endpoint { host: "h".into(), port: 1 },
        active: vec![("lines".into(), vec![0]), ("repartition".into(), vec![0])],
        standby: Vec::new(),
    };
    assert_eq!(beat.endpoints, Some(vec![of_a.clone()]));
    let mut knows = going_on("b", 3);
    assert_eq!(world.send(knows.clone()).expect("a beat").endpoints, Some(vec![of_a]));
    knows.endpoint_epoch = 1;
    assert_eq!(world.send(knows).expect("a beat").endpoints, None);
}

/// A coordinator that loads the group goes on where the other was; only what is soft starts anew.
#[test]
fn a_loaded_group_goes_on() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.beat(joining("b"));
    world.beat(owning(going_on("a", 2), "0_0 0_1 1_0 1_1"));
    world.reload();
    assert_eq!(world.state(), "Reconciling");
    assert_eq!(world.beat(owning(going_on("a", 2), "0_0 1_0")), "epoch 3");
    assert_eq!(world.beat(going_on("b", 3)), "epoch 3: 0_1 1_1");
    let described = world.group.as_ref().and_then(StreamsGroup::describe).expect("described");
    assert_eq!((described.state, described.epoch, described.members.len()), ("Stable", 3, 2));
    let sizes: Vec<_> = described
        .subtopologies
        .iter()
        .flat_map(|part| &part.state_changelog_topics)
        .map(|topic| topic.partitions)
        .collect();
    assert_eq!(sizes, [2]);
}

/// Taking back records in reverse order leaves nothing behind.
#[test]
fn records_can_be_taken_back() {
    let mut world = World::new(&ALL);
    world.beat(joining("a"));
    world.beat(joining("b"));
    world.beat(owning(going_on("a", 2), "0_0 0_1 1_0 1_1"));
    world.beat(going_on("b", -1));
    world.beat(going_on("a", -1));
    let mut group = StreamsGroup::new("g".into());
    let mut shown = vec![format!("{group:?}")];
    let mut undo = Vec::new();
    for record in world.log {
        undo.push(group.apply(record));
        shown.push(format!("{group:?}"));
    }
    while let Some(last) = undo.pop() {
        assert_eq!(shown.pop().expect("as many"), format!("{group:?}"));
        group.apply(last);
    }
    assert_eq!(shown.pop().expect("the first"), format!("{group:?}"));
}

/// What is stored comes back as it was.
#[test]
fn stored_values_come_back() {
    let mut world = World::new(&ALL);
    let mut request = joining("a");
    request.rack_id = Some("r".into());
    request.client_tags = Some(vec![("zone".into(), "z".into())]);
    request.user_endpoint = Some(Endpoint { host: "h".into(), port: 65_535 });
    world.beat(request);
    world.settings.num_standby_replicas = 1;
    world.beat(joining("b"));
    for record in world.log {
        match record {
            Part::Group(Some(head)) => {
                assert_eq!(GroupHead::from_stored(&head.to_stored()), head);
            }
            Part::Topology(Some(topology)) => {
                assert_eq!(Topology::from_stored(topology.to_stored()), *topology);
            }
            Part::Member(_, Some(value)) => {
                assert_eq!(MemberMetadata::from_stored(&value.to_stored()), *value);
            }
            Part::Target(Some(head)) => {
                assert_eq!(TargetHead::from_stored(&head.to_stored()), head);
            }
            Part::TargetMember(_, Some(tasks)) => {
                assert_eq!(TaskSets::from_stored(&tasks.to_stored()), *tasks);
            }
            Part::Current(_, Some(current)) => {
                assert_eq!(CurrentAssignment::from_stored(&current.to_stored()), *current);
            }
            _ => {}
        }
    }
}
