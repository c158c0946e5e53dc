//! Membership in a group by the classic protocol: join, sync, heartbeat, leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use env::Task;
use tokio::sync::watch;
use wire::consumer_protocol::consumer_protocol_assignment as assigned;
use wire::consumer_protocol::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::messages::join_group_request::JoinGroupRequestProtocol;
use wire::messages::leave_group_request::MemberIdentity;
use wire::messages::sync_group_request::SyncGroupRequestAssignment;
use wire::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};
use wire::{ApiKey, ErrorCode, Reader, Str, Writer};

use super::assignor::{self, Member};
use super::config::ConsumerConfig;
use super::offsets::TopicPartition;
use crate::cluster::Cluster;
use crate::error::{Error, check};

/// The kind of groups consumers form.
const PROTOCOL_TYPE: &str = "consumer";
/// The assignor, as members of other clients call it.
const RANGE: &str = "range";
/// The coordinator answers a join when all members have; this much later we stop waiting.
const JOIN_GRACE: Duration = Duration::from_secs(5);

/// How a member's place in its group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    /// All is well.
    Steady,
    /// Partitions are to be shared out anew.
    Rejoin,
    /// The coordinator has forgotten the member, or the member itself was away for too long.
    Lost,
    /// Another member has taken over the instance id.
    Fenced,
}

/// A member's place in its group.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) group_id: Str,
    pub(super) member_id: Str,
    pub(super) instance_id: Option<Str>,
    pub(super) generation_id: i32,
}

/// What came of a join.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) membership: Membership,
    pub(super) partitions: Vec<TopicPartition>,
}

/// A member's heart: beats until dropped.
#[derive(Debug)]
pub(super) struct Heart {
    pub(super) pulse: watch::Receiver<Pulse>,
    /// When the consumer last polled, ms on the environment's monotonic clock since the heart
    /// began to beat.
    polled: Arc<AtomicI64>,
    began: env::Instant,
    task: Task<()>,
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Heart {
    pub(super) fn start(cluster: &Cluster, member: &Membership, config: &ConsumerConfig) -> Self {
        let (sender, pulse) = watch::channel(Pulse::Steady);
        let polled = Arc::new(AtomicI64::new(0));
        let request = HeartbeatRequest {
            group_id: member.group_id.clone(),
            generation_id: member.generation_id,
            member_id: member.member_id.clone(),
            group_instance_id: member.instance_id.clone(),
            ..HeartbeatRequest::default()
        };
        let began = cluster.env().now();
        let beat = Beat {
            cluster: cluster.clone(),
            request,
            interval: config.heartbeat_interval,
            poll_interval_max: config.poll_interval_max,
            polled: Arc::clone(&polled),
            began,
        };
        let task = cluster.env().spawn("heartbeats", Box::pin(beat.run(sender)));
        Self { pulse, polled, began, task }
    }

    /// Tells that the consumer is alive.
    pub(super) fn polled(&self, now: env::Instant) {
        let since = now.duration_since(self.began).as_millis();
        self.polled.store(i64::try_from(since).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

struct Beat {
    cluster: Cluster,
    request: HeartbeatRequest,
    interval: Duration,
    poll_interval_max: Duration,
    polled: Arc<AtomicI64>,
    began: env::Instant,
}

impl Beat {
    async fn run(self, sender: watch::Sender<Pulse>) {
        let env = self.cluster.env().clone();
        loop {
            env.sleep(self.interval).await;
            let away = env.now().duration_since(self.began).as_millis() as i64
                - self.polled.load(Ordering::Relaxed);
            if away > self.poll_interval_max.as_millis() as i64 {
                tracing::warn!("no poll for {away} ms (max.poll.interval.ms): leaving the group");
                let HeartbeatRequest { group_id, member_id, .. } = self.request.clone();
                let _ = leave(&self.cluster, &group_id, &member_id).await;
                let _ = sender.send(Pulse::Lost);
                return;
            }
            let code = match self.beat().await {
                Ok(code) => code,
                Err(error) => {
                    tracing::debug!("heartbeat: {error}");
                    continue;
                }
            };
            let pulse = match code {
                ErrorCode::None => continue,
                ErrorCode::RebalanceInProgress => Pulse::Rejoin,
                ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => Pulse::Lost,
                ErrorCode::FencedInstanceId => Pulse::Fenced,
                other => {
                    tracing::debug!("heartbeat: {}", other.name());
                    continue;
                }
            };
            sender.send_if_modified(|now| std::mem::replace(now, pulse) != pulse);
            if pulse != Pulse::Rejoin {
                return;
            }
        }
    }

    async fn beat(&self) -> Result<ErrorCode, Error> {
        let connection = self.cluster.coordinator(&self.request.group_id).await?;
        let code = connection.call(&self.request).await?.error_code;
        Ok(ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError))
    }
}

/// Leaves a group, so that others need not wait for the session to end.
pub(super) async fn leave(cluster: &Cluster, group_id: &Str, member_id: &Str) -> Result<(), Error> {
    let connection = cluster.coordinator(group_id).await?;
    let alone = connection.version(ApiKey::LeaveGroup, i16::MAX)? < 3;
    let identity = MemberIdentity {
        member_id: member_id.clone(),
        reason: Some(Str::from("the consumer is being closed")),
        ..MemberIdentity::default()
    };
    let request = LeaveGroupRequest {
        group_id: group_id.clone(),
        member_id: if alone { member_id.clone() } else { Str::new() },
        members: if alone { Vec::new() } else { vec![identity] },
        ..LeaveGroupRequest::default()
    };
    check(connection.call(&request).await?.error_code, None)
}

/// A join under way.
pub(super) struct Join {
    pub(super) cluster: Cluster,
    pub(super) config: ConsumerConfig,
    pub(super) group_id: Str,
    /// Empty for one that was never a member.
    pub(super) member_id: Str,
    pub(super) topics: Vec<Str>,
}

impl Join {
    /// Joins, and shares out the partitions if this member is to lead.
    pub(super) async fn run(mut self) -> Result<Joined, Error> {
        loop {
            match Box::pin(self.attempt()).await {
                Ok(Some(joined)) => return Ok(joined),
                Ok(None) => {}
                Err(error) if error.may_pass() => {
                    tracing::debug!("joining group {}: {error}", self.group_id);
                    self.cluster.env().sleep(self.config.retry_backoff).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// `None` if it is to be done again.
    async fn attempt(&mut self) -> Result<Option<Joined>, Error> {
        let response = self.join().await?;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::MemberIdRequired) => {
                self.member_id = response.member_id.detach();
                return Ok(None);
            }
            Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => {
                self.member_id = Str::new();
                return Ok(None);
            }
            _ => return check(response.error_code, None).map(|()| None),
        }
        self.member_id = response.member_id.detach();
        let assignments = if response.leader == response.member_id && !response.skip_assignment {
            self.share_out(&response).await?
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group_id: self.group_id.clone(),
            generation_id: response.generation_id,
            member_id: self.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            protocol_type: Some(Str::from(PROTOCOL_TYPE)),
            protocol_name: response.protocol_name.clone(),
            assignments,
            ..SyncGroupRequest::default()
        };
        let connection = self.cluster.coordinator(&self.group_id).await?;
        let version = connection.version(ApiKey::SyncGroup, i16::MAX)?;
        let timeout = self.config.poll_interval_max + JOIN_GRACE;
        let synced = connection.call_version(&request, version, timeout).await?;
        match ErrorCode::from_code(synced.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::RebalanceInProgress) => return Ok(None),
            Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => {
                self.member_id = Str::new();
                return Ok(None);
            }
            _ => return check(synced.error_code, None).map(|()| None),
        }
        let membership = Membership {
            group_id: self.group_id.clone(),
            member_id: self.member_id.clone(),
            instance_id: self.config.group_instance_id.clone(),
            generation_id: response.generation_id,
        };
        Ok(Some(Joined { membership, partitions: decode_assignment(synced.assignment)? }))
    }

    async fn join(&self) -> Result<JoinGroupResponse, Error> {
        let ms = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        let protocol = JoinGroupRequestProtocol {
            name: Str::from(RANGE),
            metadata: encode_subscription(&self.topics)?,
            ..JoinGroupRequestProtocol::default()
        };
        let request = JoinGroupRequest {
            group_id: self.group_id.clone(),
            session_timeout_ms: ms(self.config.session_timeout),
            rebalance_timeout_ms: ms(self.config.poll_interval_max),
            member_id: self.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            protocol_type: Str::from(PROTOCOL_TYPE),
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        };
        let connection = self.cluster.coordinator(&self.group_id).await?;
        let version = connection.version(ApiKey::JoinGroup, i16::MAX)?;
        let timeout = self.config.poll_interval_max + JOIN_GRACE;
        connection.call_version(&request, version, timeout).await
    }

    /// The leader's work.
    async fn share_out(
        &self,
        response: &JoinGroupResponse,
    ) -> Result<Vec<SyncGroupRequestAssignment>, Error> {
        let mut members = Vec::new();
        for member in &response.members {
            members.push(Member {
                id: member.member_id.clone(),
                instance_id: member.group_instance_id.clone(),
                topics: decode_subscription(member.metadata.clone())?,
            });
        }
        let mut topics: Vec<Str> =
            members.iter().flat_map(|member| member.topics.iter().cloned()).collect();
        topics.sort();
        topics.dedup();
        let mut counts = BTreeMap::new();
        if !topics.is_empty() {
            let metadata = self.cluster.metadata(Some(&topics)).await?;
            for topic in metadata.topics.into_iter().filter(|topic| topic.error_code == 0) {
                let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
                counts.insert(topic.name.unwrap_or_default(), count);
            }
        }
        let assignment = assignor::range(&members, &counts);
        assignment
            .into_iter()
            .map(|(member_id, topics)| {
                let assignment = encode_assignment(topics)?;
                Ok(SyncGroupRequestAssignment {
                    member_id,
                    assignment,
                    ..SyncGroupRequestAssignment::default()
                })
            })
            .collect()
    }
}

/// The version written; the fields of later ones are of use to other assignors.
const PROTOCOL_VERSION: i16 = 1;

fn encode_subscription(topics: &[Str]) -> Result<Bytes, Error> {
    let mut topics = topics.to_vec();
    topics.sort();
    let subscription =
        ConsumerProtocolSubscription { topics, ..ConsumerProtocolSubscription::default() };
    let mut writer = Writer::new();
    writer.i16(PROTOCOL_VERSION);
    subscription.encode(&mut writer, PROTOCOL_VERSION)?;
    Ok(writer.into_bytes())
}

fn decode_subscription(bytes: Bytes) -> Result<Vec<Str>, Error> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, ConsumerProtocolSubscription::MAX_VERSION);
    Ok(ConsumerProtocolSubscription::decode(&mut reader, version)?.topics)
}

fn encode_assignment(topics: BTreeMap<Str, Vec<i32>>) -> Result<Bytes, Error> {
    let partitions = |(topic, partitions)| assigned::TopicPartition { topic, partitions };
    let assignment = assigned::ConsumerProtocolAssignment {
        assigned_partitions: topics.into_iter().map(partitions).collect(),
        ..assigned::ConsumerProtocolAssignment::default()
    };
    let mut writer = Writer::new();
    writer.i16(PROTOCOL_VERSION);
    assignment.encode(&mut writer, PROTOCOL_VERSION)?;
    Ok(writer.into_bytes())
}

fn decode_assignment(bytes: Bytes) -> Result<Vec<TopicPartition>, Error> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, assigned::ConsumerProtocolAssignment::MAX_VERSION);
    let assignment = assigned::ConsumerProtocolAssignment::decode(&mut reader, version)?;
    let of_topic = |topic: assigned::TopicPartition| {
        let name = topic.topic.detach();
        topic.partitions.into_iter().map(move |partition| (name.clone(), partition))
    };
    Ok(assignment.assigned_partitions.into_iter().flat_map(of_topic).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_and_assignments_survive_the_way_through_the_coordinator() {
        let topics = vec![Str::from("a"), Str::from("b")];
        let bytes = encode_subscription(&topics).unwrap();
        assert_eq!(decode_subscription(bytes).unwrap(), topics);
        let share = BTreeMap::from([(Str::from("a"), vec![0, 2])]);
        let bytes = encode_assignment(share).unwrap();
        let expected = [(Str::from("a"), 0), (Str::from("a"), 2)];
        assert_eq!(decode_assignment(bytes).unwrap(), expected);
    }

    #[test]
    fn a_member_that_sends_rubbish_is_an_error() {
        assert!(decode_subscription(Bytes::from_static(b"\0")).is_err());
        assert!(decode_assignment(Bytes::from_static(b"\0\x01\x7f\xff\xff\xff")).is_err());
        assert_eq!(decode_assignment(Bytes::new()).unwrap(), []);
    }
}
