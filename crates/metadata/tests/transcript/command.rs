//! The commands of a transcript.

use metadata::controller::{
    AlterPartition, AlterReassignments, AssignReplicas, BrokerHeartbeat, ConfigOp,
    CreatePartitions, CreateTopics, ElectLeaders, ElectionType, FeatureUpdate, GrowTopic,
    IncrementalAlterConfigs, LegacyAlterConfigs, NewTopic, OpKind, PartitionProposal,
    QuorumFeatures, QuorumState, Reassign, RegisterBroker, ReplicaAssignment, TopicReference,
    UpdateFeatures, UpgradeType,
};
use metadata::{ConfigResource, LeaderRecoveryState, ResourceType, features};
use wire::{Str, Uuid};

use super::show;
use super::world::{World, error_text, result_text};

/// A command's words: those without `=`, and those with.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let (named, plain): (Vec<&str>, Vec<&str>) = words.iter().partition(|w| w.contains('='));
        let named = named.iter().filter_map(|word| word.split_once('=')).collect();
        Self { plain, named }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.named.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.get(name).map_or(default, |text| parse(text))
    }

    fn has(&self, word: &str) -> bool {
        self.plain.contains(&word)
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn ids(text: &str) -> Vec<i32> {
    text.split(',').filter(|id| !id.is_empty()).map(parse).collect()
}

fn directories(text: &str) -> Vec<Uuid> {
    text.split(',').filter(|name| !name.is_empty()).map(directory).collect()
}

/// `A` is the directory with id AAAAAAAAAAAAAAAA; `0` to `2` are the reserved ids.
fn directory(name: &str) -> Uuid {
    match name.parse::<u8>() {
        Ok(reserved) => {
            let mut id = [0; 16];
            id[15] = reserved;
            Uuid(id)
        }
        Err(_) => Uuid([name.as_bytes()[0]; 16]),
    }
}

fn partition(text: &str) -> (Str, i32) {
    let (topic, index) = text.rsplit_once('-').expect("a partition");
    (Str::copy_from(topic), parse(index))
}

fn str(text: &str) -> Str {
    Str::copy_from(text)
}

pub(crate) fn run(world: &mut World, line: &str) -> Vec<String> {
    let words = Words::of(line);
    match line.split_whitespace().next().unwrap_or_default() {
        command @ ("start" | "bootstrap") => {
            let settings: Vec<_> =
                words.named.iter().copied().filter(|(name, _)| *name != "level").collect();
            let records = world.start(words.number("level", 30), &settings);
            if command == "start" { Vec::new() } else { records }
        }
        "advance" => {
            world.now += parse::<u64>(words.plain[0]);
            Vec::new()
        }
        "register" => register(world, &words),
        "heartbeat" => heartbeat(world, &words),
        "brokers" => {
            for id in ids(words.plain[0]) {
                let dirs = char::from(b'A' - 1 + id as u8).to_string();
                let line = format!("register {id} dirs={dirs}");
                register(world, &Words::of(&line));
                heartbeat(world, &Words::of(&format!("heartbeat {id}")));
            }
            Vec::new()
        }
        "stale" => match world.controller.fence_one_stale_broker(world.now) {
            Some(decision) => world.decide(Ok(decision), |id| vec![format!("fenced {id}")]),
            None => vec!["nobody".to_owned()],
        },
        "unregister" => {
            let decision = world.controller.unregister_broker(parse(words.plain[0]));
            world.decide(decision, |()| vec!["ok".to_owned()])
        }
        "create" => create(world, &words),
        "delete" => delete(world, &words),
        "grow" => grow(world, &words),
        "elect" => elect(world, &words),
        "balance" => {
            let decision = world.controller.balance_leaders();
            world.decide(Ok(decision), |more| vec![format!("more={more}")])
        }
        "elect-unclean" => {
            let decision = world.controller.elect_unclean_leaders();
            world.decide(Ok(decision), |more| vec![format!("more={more}")])
        }
        "isr" => alter_partition(world, &words),
        "reassign" => reassign(world, &words),
        "reassignments" => reassignments(world),
        "config" => config(world, &words),
        "configs" => configs(world, &words),
        "feature" => feature(world, &words),
        "producer-ids" => producer_ids(world, &words),
        "assign" => assign(world, &words),
        "show" => show(world, &words),
        other => panic!("no such command: {other}"),
    }
}

/// The epoch of a broker, unless the command gives another.
fn epoch(world: &World, words: &Words<'_>, id: i32) -> i64 {
    let broker = world.controller.image().cluster.broker(id);
    words.number("epoch", broker.map_or(-1, |broker| broker.epoch))
}

fn register(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let id: i32 = parse(words.plain[0]);
    let supported = features::supported().map(|(name, r)| (Str::from(name), r.min, r.max));
    let mut features: Vec<_> = supported.collect();
    if let Some(limit) = words.get("limit") {
        let (name, max) = limit.split_once(':').expect("feature:level");
        features.iter_mut().filter(|f| f.0 == *name).for_each(|f| f.2 = parse(max));
    }
    if let Some(without) = words.get("without") {
        features.retain(|(name, ..)| *name != *without);
    }
    let request = RegisterBroker {
        broker_id: id,
        cluster_id: str(words.get("cluster").unwrap_or("cluster")),
        incarnation_id: Uuid([words.number("incarnation", id as u8); 16]),
        endpoints: Vec::new(),
        features,
        rack: words.get("rack").map(str),
        is_migrating_zk_broker: words.has("zk"),
        log_dirs: directories(words.get("dirs").unwrap_or_default()),
        previous_broker_epoch: words.number("previous", -1),
        can_report_clean_shutdown: true,
        is_of_this_process: false,
    };
    let quorum = QuorumState { next_offset: world.next_offset, kraft_version: 1 };
    let decision = world.controller.register_broker(&request, quorum, world.now);
    world.decide(decision, |epoch| vec![format!("epoch={epoch}")])
}

fn heartbeat(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let id: i32 = parse(words.plain[0]);
    let request = BrokerHeartbeat {
        broker_id: id,
        broker_epoch: epoch(world, words, id),
        current_metadata_offset: words.number("offset", world.next_offset - 1),
        want_fence: words.has("fence"),
        want_shut_down: words.has("shutdown"),
        offline_log_dirs: directories(words.get("offline").unwrap_or_default()),
        cordoned_log_dirs: words.get("cordoned").map(directories),
    };
    world.controller.note_contact(id, request.broker_epoch, world.now);
    let decision = world.controller.broker_heartbeat(&request);
    let mut shutting_down = false;
    let lines = world.decide(decision, |reply| {
        shutting_down = reply.in_controlled_shutdown;
        let mut line = if reply.is_fenced { "fenced" } else { "unfenced" }.to_owned();
        if !reply.is_caught_up {
            line.push_str(" behind");
        }
        if reply.should_shut_down {
            line.push_str(" stop");
        }
        vec![line]
    });
    if shutting_down {
        world.controller.note_controlled_shutdown(id, world.next_offset - 1);
    }
    lines
}

fn pairs(text: &str) -> Vec<(Str, Option<Str>)> {
    let pair = |pair: &str| match pair.split_once(':') {
        Some((name, value)) => (str(name), Some(str(value))),
        None => (str(pair), None),
    };
    text.split(';').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn create(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let assignment = |text: &str| {
        let (index, brokers) = text.split_once(':').expect("index:brokers");
        ReplicaAssignment { index: parse(index), brokers: ids(brokers) }
    };
    let assignments: Vec<_> =
        words.get("assign").map_or(Vec::new(), |text| text.split(';').map(assignment).collect());
    let default = if assignments.is_empty() { 1 } else { -1 };
    let names = words.plain.iter().filter(|word| !matches!(**word, "validate" | "describe"));
    let topics = names.map(|name| NewTopic {
        name: str(name.trim_matches('\'')),
        partition_count: words.number("partitions", default),
        replication_factor: words.number("factor", default as i16),
        assignments: assignments.clone(),
        configs: pairs(words.get("config").unwrap_or_default()),
        may_describe_configs: words.has("describe"),
    });
    let request = CreateTopics {
        topics: topics.collect(),
        validate_only: words.has("validate"),
        is_forwarded: true,
    };
    let decision = world.controller.create_topics(&request, &mut world.dice);
    world.decide(decision, |results| {
        let mut lines = Vec::new();
        for (name, result) in results {
            match result {
                Ok(created) => {
                    lines.push(format!("{name}: created {}", created.id.0[0]));
                    for config in created.description.into_iter().flat_map(|d| d.configs) {
                        if config.source.code() != 5 {
                            let value = config.value.unwrap_or_default();
                            lines.push(format!("  {}={value} {:?}", config.name, config.source));
                        }
                    }
                }
                Err(error) => lines.push(format!("{name}: {}", error_text(&error))),
            }
        }
        lines
    })
}

fn delete(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let reference = |word: &&str| match word.strip_prefix('#') {
        Some(id) => TopicReference { name: None, id: Uuid([parse(id); 16]) },
        None if *word == "-" => TopicReference::default(),
        None => match word.split_once('#') {
            Some((name, id)) => TopicReference { name: Some(str(name)), id: Uuid([parse(id); 16]) },
            None => TopicReference { name: Some(str(word)), id: Uuid::ZERO },
        },
    };
    let references: Vec<_> = words.plain.iter().map(reference).collect();
    let decision = world.controller.delete_topics(&references);
    world.decide(decision, |deleted| {
        let line = |deleted: metadata::controller::DeletedTopic| {
            let name =
                deleted.topic.name.map_or_else(|| "null".to_owned(), |name| name.to_string());
            format!("{name} {}: {}", deleted.topic.id.0[0], result_text(&deleted.result))
        };
        deleted.into_iter().map(line).collect()
    })
}

fn grow(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let topic = GrowTopic {
        name: str(words.plain[0]),
        count: parse(words.plain[1]),
        assignments: words.get("assign").map(|text| text.split(';').map(ids).collect()),
    };
    let copies = if words.has("twice") { 2 } else { 1 };
    let request =
        CreatePartitions { topics: vec![topic; copies], validate_only: words.has("validate") };
    let decision = world.controller.create_partitions(&request, &mut world.dice);
    world.decide(decision, |results| {
        results.iter().map(|(name, result)| format!("{name}: {}", result_text(result))).collect()
    })
}

fn elect(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let election_type = match words.plain[0] {
        "preferred" => ElectionType::Preferred,
        _ => ElectionType::Unclean,
    };
    let one = |word: &&str| {
        let (topic, index) = partition(word);
        (topic, vec![index])
    };
    let partitions = (words.plain[1] != "all").then(|| words.plain[1..].iter().map(one).collect());
    let decision = world.controller.elect_leaders(&ElectLeaders { election_type, partitions });
    world.decide(decision, |topics| by_topic(&topics, result_text))
}

fn by_topic<T>(topics: &[(Str, Vec<(i32, T)>)], text: impl Fn(&T) -> String) -> Vec<String> {
    let all = topics.iter().flat_map(|(name, items)| items.iter().map(move |i| (name, i)));
    all.map(|(name, (index, item))| format!("{name}-{index}: {}", text(item))).collect()
}

fn alter_partition(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let (topic, index) = partition(words.plain[0]);
    let broker_id = words.number("by", 1);
    let image = world.controller.image();
    let current = image.topics.partition(&topic, index);
    let epochs = words.get("at").map(|text| text.split_once('/').expect("leader/partition"));
    let (leader_epoch, partition_epoch) = match (epochs, current) {
        (Some((leader, partition)), _) => (parse(leader), parse(partition)),
        (None, Some(partition)) => (partition.leader_epoch, partition.partition_epoch),
        (None, None) => (0, 0),
    };
    let member = |word: &str| match word.split_once('@') {
        Some((id, epoch)) => (parse(id), parse(epoch)),
        None => (parse(word), -1),
    };
    let isr = words.get("isr").unwrap_or_default();
    let state = match words.has("recovering") {
        true => LeaderRecoveryState::Recovering,
        false => LeaderRecoveryState::Recovered,
    };
    let proposal = PartitionProposal {
        index,
        leader_epoch,
        partition_epoch,
        new_isr: isr.split(',').filter(|word| !word.is_empty()).map(member).collect(),
        leader_recovery_state: Some(state),
    };
    let request = AlterPartition {
        broker_id,
        broker_epoch: epoch(world, words, broker_id),
        topics: vec![(image.topics.id(&topic).unwrap_or(Uuid([99; 16])), vec![proposal])],
    };
    let decision = world.controller.alter_partition(&request);
    world.decide(decision, |topics| {
        let results = topics.into_iter().flat_map(|(_, results)| results);
        let line = |result: Result<metadata::controller::AlteredPartition, _>| match result {
            Ok(p) => format!(
                "leader={} epoch={}/{} isr={}",
                p.leader,
                p.leader_epoch,
                p.partition_epoch,
                show::ids(&p.isr)
            ),
            Err(reason) => format!("{reason:?}"),
        };
        results.map(|(_, result)| line(result)).collect()
    })
}

fn reassign(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let (topic, index) = partition(words.plain[0]);
    let replicas = match words.plain[1] {
        "cancel" => None,
        "nobody" => Some(Vec::new()),
        text => Some(ids(text)),
    };
    let request = AlterReassignments {
        topics: vec![(topic, vec![Reassign { index, replicas }])],
        allow_replication_factor_change: !words.has("same-factor"),
    };
    let decision = world.controller.alter_reassignments(&request);
    world.decide(decision, |topics| by_topic(&topics, result_text))
}

fn reassignments(world: &World) -> Vec<String> {
    let topics = world.controller.image().list_reassignments(None);
    let all = topics.iter().flat_map(|(name, items)| items.iter().map(move |i| (name, i)));
    all.map(|(name, r)| {
        format!(
            "{name}-{} replicas={} adding={} removing={}",
            r.index,
            show::ids(&r.replicas),
            show::ids(&r.adding_replicas),
            show::ids(&r.removing_replicas)
        )
    })
    .collect()
}

fn resource(words: &Words<'_>) -> ConfigResource {
    let resource_type = match words.plain[0] {
        "topic" => ResourceType::Topic,
        "broker" => ResourceType::Broker,
        "group" => ResourceType::Group,
        "metrics" => ResourceType::ClientMetrics,
        _ => ResourceType::BrokerLogger,
    };
    let name = words.plain.get(1).copied().unwrap_or_default();
    ConfigResource { resource_type, name: str(name.trim_matches('\'')) }
}

fn config(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let op = |(kind, pair): &(&str, &str)| {
        let (name, value) = pair.split_once(':').map_or((*pair, None), |(n, v)| (n, Some(v)));
        let kind = match *kind {
            "set" => OpKind::Set,
            "delete" => OpKind::Delete,
            "append" => OpKind::Append,
            _ => OpKind::Subtract,
        };
        ConfigOp { name: str(name), kind, value: value.map(str) }
    };
    let request = IncrementalAlterConfigs {
        resources: vec![(resource(words), words.named.iter().map(op).collect())],
        validate_only: words.has("validate"),
        is_forwarded: !words.has("direct"),
    };
    let decision = world.controller.incremental_alter_configs(&request);
    world.decide(decision, |results| results.iter().map(|(_, r)| result_text(r)).collect())
}

fn configs(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let configs = words.named.iter().map(|(name, value)| (str(name), Some(str(value))));
    let request = LegacyAlterConfigs {
        resources: vec![(resource(words), configs.collect())],
        validate_only: false,
        is_forwarded: true,
    };
    let decision = world.controller.legacy_alter_configs(&request);
    world.decide(decision, |results| results.iter().map(|(_, r)| result_text(r)).collect())
}

fn feature(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let upgrade_type = match words.plain.first() {
        Some(&"safe") => UpgradeType::SafeDowngrade,
        Some(&"unsafe") => UpgradeType::UnsafeDowngrade,
        Some(&"unknown") => UpgradeType::Unknown,
        _ => UpgradeType::Upgrade,
    };
    let update = |(name, level): &(&str, &str)| FeatureUpdate {
        name: str(name),
        level: parse(level),
        upgrade_type,
    };
    let request = UpdateFeatures {
        updates: words.named.iter().map(update).collect(),
        validate_only: words.has("validate"),
    };
    let mut voter_ids = vec![3000];
    voter_ids.extend(words.has("voter-3001").then_some(3001));
    let quorum = QuorumFeatures { kraft_version: 1, voter_ids };
    let decision = world.controller.update_features(&request, &quorum);
    world.decide(decision, |updated| match updated.kraft_version {
        Some(version) => vec![format!("kraft.version={version}")],
        None => vec!["ok".to_owned()],
    })
}

fn producer_ids(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let id = parse(words.plain[0]);
    let epoch = epoch(world, words, id);
    let decision = world.controller.allocate_producer_ids(id, epoch);
    world.decide(decision, |block| vec![format!("{} +{}", block.first_id, block.len)])
}

fn assign(world: &mut World, words: &Words<'_>) -> Vec<String> {
    let broker_id = parse(words.plain[0]);
    let (topic, index) = partition(words.plain[2]);
    let id = world.controller.image().topics.id(&topic).unwrap_or(Uuid([99; 16]));
    let request = AssignReplicas {
        broker_id,
        broker_epoch: epoch(world, words, broker_id),
        directories: vec![(directory(words.plain[1]), vec![(id, vec![index])])],
    };
    let decision = world.controller.assign_replicas(&request);
    world.decide(decision, |directories| {
        let topics = directories.into_iter().flat_map(|(_, topics)| topics);
        let results = topics.flat_map(|(_, results)| results);
        results.map(|(_, r)| r.map_or_else(|e| format!("{e:?}"), |()| "ok".to_owned())).collect()
    })
}

fn show(world: &World, words: &Words<'_>) -> Vec<String> {
    let image = world.controller.image();
    if words.has("brokers") {
        return image.cluster.brokers.values().map(|broker| show::broker(broker)).collect();
    }
    let topics = words.plain.iter().filter_map(|name| image.topics.by_name(name));
    topics
        .flat_map(|t| {
            t.partitions().map(|(i, p)| show::partition(&t.name, i, p)).collect::<Vec<_>>()
        })
        .collect()
}
