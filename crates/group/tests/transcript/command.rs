//! Commands of a transcript: a word, names, and `key=value` pairs.

use std::collections::BTreeMap;

use group::{
    AlterStates, Client, CommitOffsets, CommitPartition, CommitTopic, ConsumerHeartbeat,
    DeleteGroups, DeleteOffsets, DeleteStates, DescribeConsumerGroups, DescribeGroups,
    DescribeShareGroups, DescribeStreamsGroups, FetchOffsets, FetchTopic, Heartbeat, JoinAbilities,
    JoinGroup, LeaveGroup, Leaving, ListGroups, ListStates, Partitions, Protocol, Request,
    ShareHeartbeat, StatesBegun, StatesDeleted, StreamsHeartbeat, SyncGroup, TopicsDeleted,
    TxnCommitOffsets,
};
use wire::{Bytes, Str, Uuid};

use super::world::World;
use super::{cluster, streams};

/// What a line asks for.
pub(crate) enum Command {
    /// A request, and the name its answer is shown under.
    Request(String, Box<Request>),
    /// Time passes, in milliseconds; timers that are due fire in order.
    Advance(i64),
    /// What is written from now on stays uncommitted.
    Hold,
    /// Everything written is committed, and so is what follows.
    Commit,
    /// What is uncommitted is lost: the log refused it.
    Fail(group::WriteError),
    /// What is uncommitted was not replicated in time, and may be later.
    TimeOut,
    /// A new shard is loaded from the log.
    Reload,
    /// Offsets in a transaction of a producer.
    Transactional(i64, Vec<(Str, i32, i64)>, Str),
    /// The end of a producer's transaction.
    Marker(i64, bool),
    /// A record with these bytes is in the log.
    Raw(Bytes, Option<Bytes>),
    /// A topic has so many partitions now.
    Topic(Str, i32),
    /// A setting of a group.
    SetGroup(Str, Str, Str),
    /// Settings change, as by a restart; takes effect with `reload`.
    Set(BTreeMap<String, String>),
}

impl Command {
    pub(crate) fn parse(line: &str, world: &mut World) -> Self {
        let mut words = Words::new(line, world);
        let verb = words.next_name();
        match verb.as_str() {
            "advance" => Self::Advance(words.next_name().parse().expect("milliseconds")),
            "hold" => Self::Hold,
            "commit-log" => Self::Commit,
            "fail-log" => Self::Fail(group::WriteError::CoordinatorNotAvailable),
            "time-out" => Self::TimeOut,
            "reload" => Self::Reload,
            "set" => Self::Set(words.pairs),
            "txn-commit" => {
                let producer_id = words.next_name().parse().expect("producer id");
                let group_id = words.next_str();
                Self::Transactional(producer_id, words.offsets(), group_id)
            }
            "marker" => {
                let producer_id = words.next_name().parse().expect("producer id");
                Self::Marker(producer_id, words.next_name() == "commit")
            }
            "topic" => {
                let name = words.next_str();
                Self::Topic(name, words.next_name().parse().expect("partitions"))
            }
            "set-group" => Self::SetGroup(words.next_str(), words.next_str(), words.next_str()),
            "raw" => Self::Raw(words.hex("key").expect("key"), words.hex("value")),
            _ => {
                let name = if world_has_tokens(&verb) { words.next_name() } else { verb.clone() };
                Self::Request(name, Box::new(words.request(&verb)))
            }
        }
    }
}

/// Requests whose answers may come later name them.
fn world_has_tokens(verb: &str) -> bool {
    matches!(
        verb,
        "join"
            | "sync"
            | "heartbeat"
            | "consume"
            | "stream"
            | "share"
            | "commit"
            | "commit-in"
            | "leave"
            | "fetch"
    )
}

struct Words {
    names: std::vec::IntoIter<String>,
    pairs: BTreeMap<String, String>,
    random: Uuid,
}

impl Words {
    fn new(line: &str, world: &mut World) -> Self {
        let (mut names, mut pairs) = (Vec::new(), BTreeMap::new());
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some((key, value)) => {
                    pairs.insert(key.to_owned(), world.member_ids.long(value));
                }
                None => names.push(world.member_ids.long(word)),
            }
        }
        let joins = line.starts_with("join ") || line.starts_with("consume ");
        let is_new_member = joins && !pairs.contains_key("member");
        let random = if is_new_member { world.member_ids.next_random() } else { Uuid::ZERO };
        Self { names: names.into_iter(), pairs, random }
    }

    fn next_name(&mut self) -> String {
        self.names.next().expect("a name")
    }

    fn next_str(&mut self) -> Str {
        // "-" stands for an empty name.
        let name = self.next_name();
        if name == "-" { Str::new() } else { Str::from(name) }
    }

    fn rest(&mut self) -> Vec<Str> {
        (0..self.names.len()).map(|_| self.next_str()).collect()
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    fn str_or(&self, key: &str, default: &'static str) -> Str {
        self.get(key).map_or_else(|| Str::from(default), Str::copy_from)
    }

    fn option(&self, key: &str) -> Option<Str> {
        self.get(key).map(Str::copy_from)
    }

    fn number(&self, key: &str, default: i32) -> i32 {
        self.get(key).map_or(default, |value| value.parse().expect("a number"))
    }

    fn list(&self, key: &str) -> Vec<&str> {
        self.get(key)
            .into_iter()
            .flat_map(|value| value.split(','))
            .filter(|item| !item.is_empty())
            .collect()
    }

    fn hex(&self, key: &str) -> Option<Bytes> {
        let text = self.get(key)?;
        let byte = |index| u8::from_str_radix(&text[index..index + 2], 16).expect("hex");
        Some((0..text.len()).step_by(2).map(byte).collect())
    }

    /// `topic-partition=offset` pairs.
    fn offsets(&self) -> Vec<(Str, i32, i64)> {
        let mut offsets = Vec::new();
        for (key, value) in &self.pairs {
            if let Some((topic, partition)) = key.rsplit_once('-')
                && let (Ok(partition), Ok(offset)) = (partition.parse(), value.parse())
            {
                offsets.push((Str::copy_from(topic), partition, offset));
            }
        }
        offsets
    }

    /// `topic-partition` names that are left.
    fn partitions(&mut self) -> Vec<(Str, Vec<i32>)> {
        let mut topics: Vec<(Str, Vec<i32>)> = Vec::new();
        for name in self.names.by_ref() {
            let (topic, partition) = name.rsplit_once('-').expect("topic-partition");
            let partition = partition.parse().expect("a partition");
            match topics.last_mut() {
                Some((last, partitions)) if *last == *topic => partitions.push(partition),
                _ => topics.push((Str::copy_from(topic), vec![partition])),
            }
        }
        topics
    }

    fn request(&mut self, verb: &str) -> Request {
        match verb {
            "join" => self.join().into(),
            "sync" => self.sync().into(),
            "heartbeat" => Heartbeat {
                group_id: self.next_str(),
                member_id: self.str_or("member", ""),
                group_instance_id: self.option("instance"),
                generation_id: self.number("generation", 1),
            }
            .into(),
            "leave" => self.leave().into(),
            "consume" => self.consume().into(),
            "stream" => self.stream().into(),
            "describe-streams" => DescribeStreamsGroups { group_ids: self.rest() }.into(),
            "describe-consumers" => DescribeConsumerGroups { group_ids: self.rest() }.into(),
            "describe" => DescribeGroups { group_ids: self.rest() }.into(),
            "list" => ListGroups {
                states: self.list("states").into_iter().map(Str::copy_from).collect(),
                types: self.list("types").into_iter().map(Str::copy_from).collect(),
            }
            .into(),
            "delete" => DeleteGroups { group_ids: self.rest() }.into(),
            "commit" => self.commit().into(),
            "commit-in" => TxnCommitOffsets(self.commit()).into(),
            "fetch" => self.fetch().into(),
            "delete-offsets" => {
                DeleteOffsets { group_id: self.next_str(), topics: self.partitions() }.into()
            }
            "topic-deleted" => {
                let name = self.next_str();
                let id = match self.get("id") {
                    Some("name") => cluster::topic_id(&name),
                    _ => topic_id(self.number("id", 0)),
                };
                let topics = vec![(name, id)];
                TopicsDeleted { topics }.into()
            }
            _ => self.of_share_groups(verb),
        }
    }

    fn join(&mut self) -> JoinGroup {
        let version = self.number("version", 9);
        let protocols = match self.get("protocols") {
            None => vec![protocol("range:t")],
            Some(_) => self.list("protocols").into_iter().map(protocol).collect(),
        };
        JoinGroup {
            group_id: self.next_str(),
            member_id: self.str_or("member", ""),
            group_instance_id: self.option("instance"),
            client: Client { id: self.str_or("client", "c"), host: Str::from("/127.0.0.1") },
            abilities: JoinAbilities {
                known_member_id: version >= 4,
                skip_assignment: version >= 9,
            },
            session_timeout_ms: self.number("session", 10_000),
            rebalance_timeout_ms: self.number("rebalance", 60_000),
            protocol_type: self.str_or("type", "consumer"),
            protocols,
            random: self.random,
        }
    }

    fn sync(&mut self) -> SyncGroup {
        let assignments = self.list("assign").into_iter().map(|item| {
            let (member_id, assignment) = item.split_once(':').expect("member:assignment");
            (Str::copy_from(member_id), Bytes::copy_from_slice(assignment.as_bytes()))
        });
        SyncGroup {
            assignments: assignments.collect(),
            group_id: self.next_str(),
            member_id: self.str_or("member", ""),
            group_instance_id: self.option("instance"),
            generation_id: self.number("generation", 1),
            protocol_type: self.option("type"),
            protocol_name: self.option("name"),
        }
    }

    /// `members=id,id/instance,/instance`.
    fn leave(&mut self) -> LeaveGroup {
        let members = self.list("members").into_iter().map(|item| {
            let (member_id, instance_id) = match item.split_once('/') {
                Some((member_id, instance_id)) => (member_id, Some(instance_id)),
                None => (item, None),
            };
            Leaving {
                member_id: Str::copy_from(member_id),
                group_instance_id: instance_id.map(Str::copy_from),
            }
        });
        let members = members.collect();
        LeaveGroup { group_id: self.next_str(), members }
    }

    /// `topics=t,u owned=t:0+1,u:0`; what is not said is unchanged, but for a join.
    fn consume(&mut self) -> ConsumerHeartbeat {
        let member_epoch = self.number("epoch", 0);
        let joins = member_epoch == 0;
        let owned = self.get("owned").map(|text| {
            let topics = text.split(',').filter(|topic| !topic.is_empty()).map(|topic| {
                let (name, indexes) = topic.split_once(':').expect("topic:partitions");
                let index = |index: &str| index.parse().expect("a partition");
                (cluster::topic_id(name), indexes.split('+').map(index).collect())
            });
            topics.collect()
        });
        let owned = owned.or_else(|| joins.then(Vec::new));
        let regex = self.option("regex");
        let topics = match self.get("topics") {
            Some(_) => Some(self.list("topics").into_iter().map(Str::copy_from).collect()),
            None => (joins && regex.is_none()).then(|| vec![Str::from("t")]),
        };
        ConsumerHeartbeat {
            group_id: self.next_str(),
            member_id: self.str_or("member", ""),
            needs_member_id: self.number("version", 1) >= 1,
            member_epoch,
            instance_id: self.option("instance"),
            rack_id: self.option("rack"),
            rebalance_timeout_ms: self.number("rebalance", if joins { 60_000 } else { -1 }),
            topics,
            regex,
            server_assignor: self.option("assignor"),
            owned,
            client: Client { id: self.str_or("client", "c"), host: Str::from("/127.0.0.1") },
            random: self.random,
        }
    }

    /// `topology=in>r;r()*store owned=0_0,1_0 standby=1_1`; a join owns nothing.
    fn stream(&mut self) -> StreamsHeartbeat {
        let member_epoch = self.number("epoch", 0);
        let joins = member_epoch == 0;
        let owned = self
            .get("owned")
            .map_or_else(|| joins.then(Vec::new), |text| Some(streams::tasks(text)));
        let standby =
            self.get("standby").map(streams::tasks).or_else(|| owned.is_some().then(Vec::new));
        let topology = joins.then(|| {
            let text = self.get("topology").unwrap_or("t");
            streams::topology(text, self.number("topology-epoch", 0))
        });
        let member_id = self.str_or("member", "");
        let process_id = self.option("process").unwrap_or_else(|| member_id.clone());
        StreamsHeartbeat {
            group_id: self.next_str(),
            member_id,
            member_epoch,
            rebalance_timeout_ms: self.number("rebalance", if joins { 60_000 } else { -1 }),
            client: Client { id: self.str_or("client", "c"), host: Str::from("/127.0.0.1") },
            topology,
            warmup_tasks: owned.is_some().then(Vec::new),
            active_tasks: owned,
            standby_tasks: standby,
            process_id: joins.then_some(process_id),
            shutdown_application: self.get("shutdown").is_some(),
            ..StreamsHeartbeat::default()
        }
    }

    fn of_share_groups(&mut self, verb: &str) -> Request {
        let group_id = self.next_str();
        match verb {
            "share" => {
                let topics = self.get("topics").is_some().then(|| self.list("topics"));
                let topics = topics.map(|names| names.into_iter().map(Str::copy_from).collect());
                ShareHeartbeat {
                    group_id,
                    member_id: self.str_or("member", ""),
                    member_epoch: self.number("epoch", 0),
                    rack_id: self.option("rack"),
                    topics,
                    client: Client {
                        id: self.str_or("client", "c"),
                        host: Str::from("/127.0.0.1"),
                    },
                }
                .into()
            }
            "describe-shares" => {
                let group_ids = [group_id].into_iter().chain(self.rest()).collect();
                DescribeShareGroups { group_ids }.into()
            }
            // Partitions that have a state now, `t-0`, or with `failed=true` could not get one.
            "states-begun" => {
                let partitions: Partitions = self
                    .partitions()
                    .into_iter()
                    .map(|(name, of)| (cluster::topic_id(&name), of.into_iter().collect()))
                    .collect();
                let (begun, failed) = match self.get("failed") {
                    Some("true") => (Partitions::new(), partitions),
                    _ => (partitions, Partitions::new()),
                };
                StatesBegun { group_id, begun, failed }.into()
            }
            "list-states" => ListStates { group_id }.into(),
            "alter-states" => {
                let mut topics: Vec<(Str, Vec<(i32, i64)>)> = Vec::new();
                for (name, index, offset) in self.offsets() {
                    match topics.last_mut() {
                        Some((last, partitions)) if *last == name => {
                            partitions.push((index, offset));
                        }
                        _ => topics.push((name, vec![(index, offset)])),
                    }
                }
                AlterStates { group_id, topics }.into()
            }
            // Without topics all of them, because the group is to be deleted.
            "delete-states" => {
                let topics = self.rest();
                DeleteStates { group_id, topics: (!topics.is_empty()).then_some(topics) }.into()
            }
            "states-deleted" => {
                let topic_ids = self.rest().iter().map(|name| cluster::topic_id(name)).collect();
                StatesDeleted { group_id, topic_ids }.into()
            }
            _ => panic!("unknown command {verb}"),
        }
    }

    fn commit(&mut self) -> CommitOffsets {
        let mut topics: Vec<CommitTopic> = Vec::new();
        for (name, index, offset) in self.offsets() {
            let partition = CommitPartition {
                index,
                offset,
                leader_epoch: self.number("epoch", -1),
                metadata: self.str_or("metadata", ""),
            };
            match topics.last_mut() {
                Some(last) if last.name == name => last.partitions.push(partition),
                _ => topics.push(CommitTopic {
                    id: match self.get("id") {
                        Some("name") => cluster::topic_id(&name),
                        _ => topic_id(self.number("id", 0)),
                    },
                    name,
                    partitions: vec![partition],
                }),
            }
        }
        CommitOffsets {
            group_id: self.next_str(),
            member_id: self.str_or("member", ""),
            group_instance_id: self.option("instance"),
            generation_id: self.number("generation", -1),
            knows_member_epochs: self.number("version", 9) >= 9,
            retention_ms: self.get("retention").map(|value| value.parse().expect("a number")),
            topics,
        }
    }

    fn fetch(&mut self) -> FetchOffsets {
        let group_id = self.next_str();
        let id = topic_id(self.number("id", 0));
        let topics = self.partitions().into_iter().map(|(name, partitions)| FetchTopic {
            name,
            id,
            partitions,
        });
        let topics: Vec<FetchTopic> = topics.collect();
        FetchOffsets {
            group_id,
            topics: (!topics.is_empty()).then_some(topics),
            member: (self.option("member"), self.number("epoch", -1)),
            require_stable: self.get("stable") == Some("true"),
        }
    }
}

/// `name:topic+topic` with the subscription of a consumer, `name!` with bytes that are none.
fn protocol(text: &str) -> Protocol {
    if let Some(name) = text.strip_suffix('!') {
        return Protocol { name: Str::copy_from(name), metadata: Bytes::from_static(b"x") };
    }
    let (name, topics) = text.split_once(':').unwrap_or((text, ""));
    let topics: Vec<&str> = topics.split('+').filter(|topic| !topic.is_empty()).collect();
    let mut metadata = vec![0, 0];
    metadata.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        metadata.extend((topic.len() as i16).to_be_bytes());
        metadata.extend(topic.as_bytes());
    }
    metadata.extend((-1_i32).to_be_bytes());
    Protocol { name: Str::copy_from(name), metadata: metadata.into() }
}

fn topic_id(number: i32) -> Uuid {
    Uuid::from_halves(0, number as u64)
}
