//! Requests of streams groups in the machine's terms.

use wire::Str;

use super::configure::InternalTopic;
use super::member::Endpoint;
use super::tasks::{TaskSets, Tasks};
use super::topology::{Topology, TopologyError};
use crate::classic::request::Client;

/// Tasks as a request names them: subtopologies and partitions.
pub type TaskList = Vec<(Str, Vec<i32>)>;

/// A member joins (epoch 0), says that it is alive, or leaves (epoch -1 or -2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsHeartbeat {
    /// The group.
    pub group_id: Str,
    /// The member, which chose its id.
    pub member_id: Str,
    /// Its epoch.
    pub member_epoch: i32,
    /// The epoch of endpoints that it knows.
    pub endpoint_epoch: i32,
    /// Set for static members.
    pub instance_id: Option<Str>,
    /// Where it runs.
    pub rack_id: Option<Str>,
    /// How long it may take to give up tasks; -1 if not told.
    pub rebalance_timeout_ms: i32,
    /// Who asks.
    pub client: Client,
    /// The topology, when it joins.
    pub topology: Option<Topology>,
    /// The active tasks it has, when it tells.
    pub active_tasks: Option<TaskList>,
    /// The standby tasks it has, when it tells.
    pub standby_tasks: Option<TaskList>,
    /// The warm-up tasks it has, when it tells.
    pub warmup_tasks: Option<TaskList>,
    /// The process it is a thread of.
    pub process_id: Option<Str>,
    /// Where it answers interactive queries.
    pub user_endpoint: Option<Endpoint>,
    /// For assignments that mind racks.
    pub client_tags: Option<Vec<(Str, Str)>>,
    /// Whether it told offsets of tasks, which 4.3 does not serve.
    pub has_task_offsets: bool,
    /// Whether it told end offsets of tasks, which 4.3 does not serve.
    pub has_task_end_offsets: bool,
    /// Whether all members shall stop.
    pub shutdown_application: bool,
}

/// Streams groups are described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeStreamsGroups {
    /// Their ids.
    pub group_ids: Vec<Str>,
}

/// What a member learns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsBeat {
    /// The member.
    pub member_id: Str,
    /// Its epoch from now on.
    pub member_epoch: i32,
    /// When it shall come again.
    pub heartbeat_interval_ms: i32,
    /// Its tasks, when they changed or it joined.
    pub tasks: Option<TaskSets>,
    /// The epoch of endpoints.
    pub endpoint_epoch: i32,
    /// Who answers queries about which partitions, when that changed.
    pub endpoints: Option<Vec<EndpointPartitions>>,
    /// What it should know.
    pub statuses: Vec<(StreamsStatus, String)>,
    /// Internal topics to create for the application.
    pub missing_topics: Vec<InternalTopic>,
}

/// The partitions that a member can answer queries about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPartitions {
    /// Where it answers.
    pub endpoint: Endpoint,
    /// Topics and partitions of its active tasks.
    pub active: TaskList,
    /// Topics and partitions of its standby tasks.
    pub standby: TaskList,
}

/// What a member should know about its group (kafka-semantics 172, 173).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamsStatus {
    /// The group has a newer topology.
    StaleTopology,
    /// Topics of users are not there.
    MissingSourceTopics,
    /// Sizes of topics do not fit each other.
    IncorrectlyPartitionedTopics,
    /// Internal topics are not there.
    MissingInternalTopics,
    /// A member asked all to stop.
    ShutdownApplication,
    /// Tasks will be given out a bit later.
    AssignmentDelayed,
}

/// Why a heartbeat is refused. The texts are Apache Kafka's: responses carry them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamsRefused {
    /// The request contradicts itself, or asks for what is not served.
    #[error("{0}")]
    InvalidRequest(String),
    /// The topology cannot be served.
    #[error("{0}")]
    InvalidTopology(#[from] TopologyError),
    /// There is no such streams group.
    #[error("{0}")]
    GroupIdNotFound(String),
    /// There is no such member.
    #[error("Member {member_id} is not a member of group {group_id}.")]
    UnknownMemberId {
        /// The member.
        member_id: Str,
        /// The group.
        group_id: Str,
    },
    /// The member must give up everything and join anew.
    #[error("{0}")]
    FencedMemberEpoch(String),
    /// The group has as many members as it may have.
    #[error("The streams group has reached its maximum capacity of {0} members.")]
    GroupMaxSizeReached(usize),
}

impl StreamsStatus {
    /// Its code to clients.
    pub fn code(self) -> i8 {
        match self {
            Self::StaleTopology => 0,
            Self::MissingSourceTopics => 1,
            Self::IncorrectlyPartitionedTopics => 2,
            Self::MissingInternalTopics => 3,
            Self::ShutdownApplication => 4,
            Self::AssignmentDelayed => 5,
        }
    }
}

impl StreamsHeartbeat {
    /// Whether the member leaves.
    pub(super) fn leaves(&self) -> bool {
        self.member_epoch < 0
    }

    /// What is wrong whatever the state of the group.
    pub(crate) fn refusal(&self) -> Option<StreamsRefused> {
        let unsupported =
            self.unsupported().map(|text| StreamsRefused::InvalidRequest(text.into()));
        unsupported.or_else(|| self.invalid())
    }

    fn unsupported(&self) -> Option<&'static str> {
        let has_regex = |topology: &Topology| {
            topology.subtopologies.iter().any(|part| !part.source_topic_regex.is_empty())
        };
        let has_warmups = self.warmup_tasks.as_ref().is_some_and(|tasks| !tasks.is_empty());
        let checks = [
            (self.instance_id.is_some(), "Static membership is not yet supported."),
            (self.has_task_offsets, "TaskOffsets are not supported yet."),
            (self.has_task_end_offsets, "TaskEndOffsets are not supported yet."),
            (has_warmups, "WarmupTasks are not supported yet."),
            (
                self.topology.as_ref().is_some_and(has_regex),
                "Regular expressions for source topics are not supported yet.",
            ),
        ];
        first(&checks)
    }

    fn invalid(&self) -> Option<StreamsRefused> {
        let blank = |text: &str| text.trim().is_empty();
        let filled =
            |tasks: &Option<TaskList>| tasks.as_ref().is_none_or(|tasks| !tasks.is_empty());
        let lists = [&self.active_tasks, &self.standby_tasks, &self.warmup_tasks];
        let given = lists.iter().filter(|tasks| tasks.is_some()).count();
        let joins = self.member_epoch == 0;
        if self.member_epoch < -2 {
            let epoch = self.member_epoch;
            let text = format!("MemberEpoch is {epoch}, but must be greater than or equal to -2.");
            return Some(StreamsRefused::InvalidRequest(text));
        }
        let checks = [
            (blank(&self.member_id), "MemberId can't be empty."),
            (blank(&self.group_id), "GroupId can't be empty."),
            (self.rack_id.as_deref().is_some_and(blank), "RackId can't be empty."),
            (
                joins && self.rebalance_timeout_ms == -1,
                "RebalanceTimeoutMs must be provided in first request.",
            ),
            (joins && filled(&self.active_tasks), "ActiveTasks must be empty when (re-)joining."),
            (joins && filled(&self.standby_tasks), "StandbyTasks must be empty when (re-)joining."),
            (joins && filled(&self.warmup_tasks), "WarmupTasks must be empty when (re-)joining."),
            (joins && self.topology.is_none(), "Topology must be non-null when (re-)joining."),
            // Static members are refused above, so that nobody can leave for a while.
            (self.member_epoch == -2, "InstanceId can't be null."),
        ];
        let text = first(&checks);
        let topology = || self.topology.as_ref().filter(|_| joins)?.check().err();
        let later = [
            (given != 0 && given != 3, "If one task-type is non-null, all must be non-null."),
            (!joins && self.topology.is_some(), "Topology can only be provided when (re-)joining."),
        ];
        let refuse = |text: &str| StreamsRefused::InvalidRequest(text.into());
        text.map(refuse)
            .or_else(|| topology().map(StreamsRefused::InvalidTopology))
            .or_else(|| first(&later).map(refuse))
    }

    /// What the member says it has, if it does.
    pub(super) fn owned(&self) -> Option<TaskSets> {
        Some(TaskSets {
            active: task_set(self.active_tasks.as_ref()?),
            standby: task_set(self.standby_tasks.as_ref()?),
            warmup: task_set(self.warmup_tasks.as_ref()?),
        })
    }
}

fn first(checks: &[(bool, &'static str)]) -> Option<&'static str> {
    checks.iter().find(|(fails, _)| *fails).map(|(_, text)| *text)
}

fn task_set(list: &TaskList) -> Tasks {
    let mut tasks = Tasks::new();
    for (id, partitions) in list.iter().filter(|(_, partitions)| !partitions.is_empty()) {
        tasks.entry(id.clone()).or_default().extend(partitions);
    }
    tasks
}
