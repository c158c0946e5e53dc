//! A member's heartbeat: it joins or goes on, the topology is set against the topics that are
//! there, tasks are given out anew if something changed, and the member moves towards its share.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Str;

use super::configure::{ConfiguredTopology, TopicProblem};
use super::endpoints::endpoint_partitions;
use super::member::MemberMetadata;
use super::part::{GroupHead, Part};
use super::reconcile::{CurrentAssignment, Goal, MemberState};
use super::request::{StreamsBeat, StreamsHeartbeat, StreamsRefused, StreamsStatus, TaskList};
use super::state::{Refresh, StreamsGroup};
use super::target::Target;
use super::tasks::TaskSets;
use super::topology::Topology;
use super::turn::{Effects, RevocationTimer, StreamsTurn};
use crate::consumer::TopicHashes;

/// Topics are looked at again after this long even if nobody said that they changed.
const METADATA_REFRESH_INTERVAL_MS: i64 = i32::MAX as i64;

/// Where a heartbeat finds its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The group is stored. One that is just being created forgets what is not stored.
    pub(crate) is_stored: bool,
    /// The group waits for more members.
    pub(crate) is_delayed: bool,
}

/// What a heartbeat found out.
struct Found {
    metadata: Arc<MemberMetadata>,
    current: Arc<CurrentAssignment>,
    /// Whether the member learns its tasks.
    tells_tasks: bool,
    configured: Arc<ConfiguredTopology>,
}

/// A heartbeat on its way.
struct Beat {
    effects: Effects,
    statuses: Vec<(StreamsStatus, String)>,
}

impl StreamsGroup {
    /// Handles a heartbeat of a member that joins or goes on (kafka-semantics 171 to 175).
    pub(crate) fn heartbeat(
        &mut self,
        request: StreamsHeartbeat,
        standing: Standing,
        hashes: &mut TopicHashes,
        turn: StreamsTurn<'_>,
    ) -> Result<(StreamsBeat, Effects), StreamsRefused> {
        let joins = request.member_epoch == 0;
        let max_size = turn.settings.max_size;
        if joins && self.size() >= max_size {
            return Err(StreamsRefused::GroupMaxSizeReached(max_size));
        }
        let (told, before) = self.member_for(&request)?;
        let owned = request.owned();
        check_epoch(&request, owned.as_ref(), &before)?;
        let mut beat = Beat { effects: Effects::default(), statuses: Vec::new() };
        let metadata = Arc::new(updated(&told, &request));
        let has_changed = metadata != told;
        if has_changed {
            let member_id = request.member_id.detach();
            beat.effects.parts.push(Part::Member(member_id, Some(Arc::clone(&metadata))));
        }
        let topology = self.topology_for(&request, &mut beat)?;
        self.tell_stale_topology(&metadata, &mut beat);
        let (configured, metadata_hash) = self.configure(&topology, hashes, turn)?;
        if configured.is_ready() {
            check_tasks(&configured, &request)?;
        }
        let head = GroupHead {
            epoch: self.head.epoch,
            metadata_hash,
            validated_topology_epoch: if configured.is_ready() { topology.epoch } else { -1 },
            assignment_configs: assignment_configs(turn),
        };
        let epoch = self.change_head(head, has_changed, turn, &mut beat);
        let is_delayed = self.delay(standing, turn, &mut beat.effects);
        let member_id = request.member_id.clone();
        let target = self.update_target(
            epoch,
            (&member_id, &metadata),
            &configured,
            is_delayed,
            turn,
            &mut beat,
        );
        let process_id = &metadata.process_id;
        let current = self.reconcile_member(
            (&member_id, process_id),
            &before,
            &target,
            owned.as_ref(),
            &mut beat,
        )?;
        if let Some(current) = &current
            && current.state == MemberState::UnrevokedTasks
        {
            beat.effects.revocation_timer =
                RevocationTimer::Start { after_ms: metadata.rebalance_timeout_ms.into() };
        }
        if request.shutdown_application && self.shutdown_by.is_none() {
            self.shutdown_by = Some(member_id.detach());
        }
        let tells_tasks =
            joins || current.as_ref().is_some_and(|current| current.assigned != before.assigned);
        let current = current.unwrap_or(before);
        let found = Found { metadata, current, tells_tasks, configured };
        Ok(self.answer(&request, &found, standing, turn, beat))
    }

    /// The group's epoch: a new one if the member or something else that counts has changed.
    fn change_head(
        &mut self,
        mut head: GroupHead,
        has_member_changed: bool,
        turn: StreamsTurn<'_>,
        beat: &mut Beat,
    ) -> i32 {
        if has_member_changed || head != self.head {
            head.epoch = head.epoch.saturating_add(1);
            self.refresh_after(head.epoch, turn);
            beat.effects.parts.push(Part::Group(Some(head.clone())));
        }
        head.epoch
    }

    /// What the member told and has so far.
    fn member_for(
        &self,
        request: &StreamsHeartbeat,
    ) -> Result<(Arc<MemberMetadata>, Arc<CurrentAssignment>), StreamsRefused> {
        match self.member(&request.member_id) {
            Some((metadata, member)) => Ok((Arc::clone(metadata), member.current())),
            None if request.member_epoch == 0 => Ok((Arc::default(), Arc::default())),
            None => Err(self.unknown_member(&request.member_id)),
        }
    }

    pub(super) fn unknown_member(&self, member_id: &Str) -> StreamsRefused {
        StreamsRefused::UnknownMemberId { member_id: member_id.clone(), group_id: self.id.clone() }
    }

    /// The first topology that comes is the group's; in 4.3 it stays.
    fn topology_for(
        &self,
        request: &StreamsHeartbeat,
        beat: &mut Beat,
    ) -> Result<Arc<Topology>, StreamsRefused> {
        match (&request.topology, &self.topology) {
            (None, Some(own)) => Ok(Arc::clone(own)),
            (Some(brought), Some(own)) if own.epoch > brought.epoch => Ok(Arc::clone(own)),
            (Some(brought), Some(own)) if **own == *brought => Ok(Arc::clone(own)),
            (Some(_), Some(_)) => Err(StreamsRefused::InvalidRequest(
                "Topology updates are not supported yet.".into(),
            )),
            (Some(brought), None) => {
                let topology = Arc::new(brought.detach());
                beat.effects.parts.push(Part::Topology(Some(Arc::clone(&topology))));
                Ok(topology)
            }
            // A log that lost the topology: the member brings it when it joins anew.
            (None, None) => Err(StreamsRefused::FencedMemberEpoch(
                "The topology of the streams group is not known. The member must abandon all its \
                 tasks and rejoin."
                    .into(),
            )),
        }
    }

    fn tell_stale_topology(&self, metadata: &MemberMetadata, beat: &mut Beat) {
        let own = metadata.topology_epoch;
        if let Some(topology) = self.topology.as_ref().filter(|topology| own < topology.epoch) {
            let group = topology.epoch;
            beat.statuses.push((
                StreamsStatus::StaleTopology,
                format!(
                    "The member's topology epoch {own} is behind the group's topology epoch \
                     {group}."
                ),
            ));
        }
    }

    /// The topology set against the topics that are there, and what stands for them.
    fn configure(
        &mut self,
        topology: &Topology,
        hashes: &mut TopicHashes,
        turn: StreamsTurn<'_>,
    ) -> Result<(Arc<ConfiguredTopology>, i64), StreamsRefused> {
        let is_expired =
            turn.now_ms >= self.refresh.deadline_ms || self.head.epoch < self.refresh.group_epoch;
        let known = self.configured.as_ref().filter(|_| self.topology.is_some());
        if let Some(configured) = known.filter(|_| !is_expired) {
            return Ok((Arc::clone(configured), self.head.metadata_hash));
        }
        self.refresh_after(self.head.epoch, turn);
        let known = self.configured.as_ref().filter(|_| self.topology.is_some());
        let hash = hashes.of(topology.required_topics().into_iter(), turn.cluster);
        if let Some(configured) = known.filter(|_| hash == self.head.metadata_hash) {
            return Ok((Arc::clone(configured), hash));
        }
        let partitions_of = |topic: &str| turn.cluster.topic(topic).map(|topic| topic.partitions);
        let configured = Arc::new(ConfiguredTopology::new(topology, &partitions_of)?);
        self.configured = Some(Arc::clone(&configured));
        Ok((configured, hash))
    }

    fn refresh_after(&mut self, group_epoch: i32, turn: StreamsTurn<'_>) {
        let deadline_ms = turn.now_ms.saturating_add(METADATA_REFRESH_INTERVAL_MS);
        self.refresh = Refresh { deadline_ms, group_epoch };
    }

    /// A group that was empty waits for more members. Says whether it waits.
    fn delay(&self, standing: Standing, turn: StreamsTurn<'_>, effects: &mut Effects) -> bool {
        let delay_ms = turn.settings.initial_rebalance_delay_ms;
        if self.is_empty() && delay_ms > 0 && !standing.is_delayed {
            effects.initial_delay_ms = Some(delay_ms);
        }
        standing.is_delayed || effects.initial_delay_ms.is_some()
    }

    fn update_target(
        &self,
        epoch: i32,
        member: (&Str, &MemberMetadata),
        configured: &ConfiguredTopology,
        is_delayed: bool,
        turn: StreamsTurn<'_>,
        beat: &mut Beat,
    ) -> Target {
        let mut delayed = |text: &str| {
            beat.statuses.push((StreamsStatus::AssignmentDelayed, text.into()));
        };
        if is_delayed {
            delayed("Assignment delayed due to the configured initial rebalance delay.");
            return Target { epoch: self.target_head.epoch, tasks: Arc::default() };
        }
        if self.target_head.epoch < epoch {
            if self.may_assign(turn) {
                let standbys = turn.settings.num_standby_replicas;
                let assignment =
                    self.assign(epoch, Some(member), configured, standbys, turn.now_ms);
                let target = assignment.target_of(member.0);
                beat.effects.parts.extend(assignment.records);
                return target;
            }
            delayed("Assignment delayed due to the configured assignment interval.");
        }
        let tasks = self.targets.get(member.0).cloned().unwrap_or_default();
        Target { epoch: self.target_head.epoch, tasks }
    }

    fn reconcile_member(
        &self,
        (member_id, process_id): (&Str, &Str),
        current: &CurrentAssignment,
        target: &Target,
        owned: Option<&TaskSets>,
        beat: &mut Beat,
    ) -> Result<Option<Arc<CurrentAssignment>>, StreamsRefused> {
        let (target_epoch, target) = (target.epoch, &*target.tasks);
        let goal = Goal { target_epoch, target, process_id, owned, owners: &self.owners };
        let next = current.reconcile(goal).map_err(|_| {
            StreamsRefused::FencedMemberEpoch(
                "The streams group member is in a unknown state. The member must abandon all its \
                 tasks and rejoin."
                    .into(),
            )
        })?;
        Ok(next.map(|next| {
            let next = Arc::new(next);
            beat.effects.parts.push(Part::Current(member_id.detach(), Some(Arc::clone(&next))));
            beat.effects.revocation_timer = RevocationTimer::Stop;
            next
        }))
    }

    fn answer(
        &mut self,
        request: &StreamsHeartbeat,
        found: &Found,
        standing: Standing,
        turn: StreamsTurn<'_>,
        beat: Beat,
    ) -> (StreamsBeat, Effects) {
        let Beat { effects, mut statuses } = beat;
        let Found { metadata, current, tells_tasks, configured } = found;
        if *tells_tasks && metadata.user_endpoint.is_some() {
            self.endpoint_epoch = self.endpoint_epoch.wrapping_add(1);
        }
        let endpoints = (self.endpoint_epoch != request.endpoint_epoch).then(|| {
            let others = self.members().filter(|(id, _, _)| **id != request.member_id);
            others
                .map(|(_, metadata, member)| (metadata, member.current()))
                .chain([(metadata, Arc::clone(current))])
                .filter_map(|(metadata, current)| {
                    endpoint_partitions(metadata, &current, configured, turn.cluster)
                })
                .collect()
        });
        let problem = configured.problem.as_ref().map(|problem| match problem {
            TopicProblem::MissingSource(detail) => (StreamsStatus::MissingSourceTopics, detail),
            TopicProblem::IncorrectlyPartitioned(detail) => {
                (StreamsStatus::IncorrectlyPartitionedTopics, detail)
            }
            TopicProblem::MissingInternal(detail) => (StreamsStatus::MissingInternalTopics, detail),
        });
        statuses.extend(problem.map(|(status, detail)| (status, detail.clone())));
        statuses.extend(self.shutdown_by.as_ref().map(|member_id| {
            let text = format!(
                "Streams group member {member_id} encountered a fatal error and requested a \
                 shutdown for the entire application."
            );
            (StreamsStatus::ShutdownApplication, text)
        }));
        let answer = StreamsBeat {
            member_id: request.member_id.clone(),
            member_epoch: current.member_epoch,
            heartbeat_interval_ms: turn.settings.heartbeat_interval_ms,
            tasks: tells_tasks.then(|| current.assigned.without_epochs()),
            endpoint_epoch: if standing.is_stored { self.endpoint_epoch } else { 0 },
            endpoints,
            statuses,
            missing_topics: configured.missing_topics.clone(),
        };
        (answer, effects)
    }
}

/// Settings that the assignment follows, as they are stored.
fn assignment_configs(turn: StreamsTurn<'_>) -> BTreeMap<Str, Str> {
    let standbys = turn.settings.num_standby_replicas.to_string();
    BTreeMap::from([(Str::from_static("num.standby.replicas"), Str::from(standbys))])
}

/// A member that is one epoch behind may have missed an answer; others join anew.
fn check_epoch(
    request: &StreamsHeartbeat,
    owned: Option<&TaskSets>,
    current: &CurrentAssignment,
) -> Result<(), StreamsRefused> {
    let (received, own) = (request.member_epoch, current.member_epoch);
    let relation = if received == 0 || received == own {
        return Ok(());
    } else if received > own {
        "greater"
    } else {
        let missed_answer = received == current.previous_member_epoch
            && owned.is_some_and(|owned| owned.is_within(&current.assigned));
        if missed_answer {
            return Ok(());
        }
        "smaller"
    };
    Err(StreamsRefused::FencedMemberEpoch(format!(
        "The streams group member has a {relation} member epoch ({received}) than the one known by \
         the group coordinator ({own}). The member must abandon all its partitions and rejoin."
    )))
}

/// What a member told, with what it tells now.
fn updated(before: &MemberMetadata, request: &StreamsHeartbeat) -> MemberMetadata {
    let mut after = before.clone();
    if let Some(rack_id) = &request.rack_id {
        after.rack_id = Some(rack_id.detach());
    }
    if request.rebalance_timeout_ms != -1 {
        after.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(topology) = &request.topology {
        after.topology_epoch = topology.epoch;
    }
    after.client.id = request.client.id.detach();
    after.client.host = request.client.host.detach();
    if let Some(process_id) = &request.process_id {
        after.process_id = process_id.detach();
    }
    if let Some(tags) = &request.client_tags {
        after.client_tags =
            tags.iter().map(|(key, value)| (key.detach(), value.detach())).collect();
    }
    if let Some(endpoint) = &request.user_endpoint {
        let mut endpoint = endpoint.clone();
        endpoint.host = endpoint.host.detach();
        after.user_endpoint = Some(endpoint);
    }
    after
}

/// Tasks that a member says it has must be tasks of the topology.
fn check_tasks(
    configured: &ConfiguredTopology,
    request: &StreamsHeartbeat,
) -> Result<(), StreamsRefused> {
    let check = |list: &TaskList| {
        for (id, partitions) in list {
            let part = configured.subtopologies.get(id).ok_or_else(|| {
                let text = format!("Subtopology {id} does not exist in the topology.");
                StreamsRefused::InvalidRequest(text)
            })?;
            let count = part.task_count;
            if let Some(task) = partitions.iter().find(|task| !(0..count).contains(*task)) {
                return Err(StreamsRefused::InvalidRequest(format!(
                    "Task {task} for subtopology {id} is invalid. Number of tasks for this \
                     subtopology: {count}"
                )));
            }
        }
        Ok(())
    };
    let lists = [&request.active_tasks, &request.standby_tasks, &request.warmup_tasks];
    lists.into_iter().flatten().try_for_each(check)
}
