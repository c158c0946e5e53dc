//! A consumer's standing in its group, and what changes it.

use env::Task;
use wire::Str;

use super::group::{Heart, Join, Joined, Membership, Pulse};
use super::offsets::TopicPartition;
use super::position::Place;
use super::{Consumer, Rebalance};
use crate::error::Error;

/// How a consumer stands to its group.
pub(super) enum Standing {
    /// Not a member.
    Outside,
    /// A join is under way.
    Joining(Task<Result<Joined, Error>>),
    /// A member with a share.
    Member {
        membership: Membership,
        heart: Heart,
        /// The topics when the shares were given out.
        counts: std::collections::BTreeMap<Str, usize>,
    },
}

impl Drop for Standing {
    fn drop(&mut self) {
        if let Self::Joining(task) = self {
            task.abort();
        }
    }
}

impl Standing {
    pub(super) fn membership(&self) -> Option<&Membership> {
        match self {
            Self::Member { membership, .. } => Some(membership),
            _ => None,
        }
    }

    /// Waits until something happens: a join ends (its result is given), or the heart tells of
    /// a change (`None`). Pending for ever outside a group.
    pub(super) async fn changed(&mut self) -> Option<Result<Joined, Error>> {
        match self {
            Self::Outside => std::future::pending().await,
            Self::Joining(task) => Some(task.await.unwrap_or(Err(Error::Closed))),
            Self::Member { heart, .. } => match heart.pulse.changed().await {
                Ok(()) => None,
                // A heart that stands still has told why.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl Consumer {
    /// Joins the group where that is called for.
    pub(super) async fn keep_membership(&mut self) -> Result<(), Error> {
        if !self.subscription.is_shared() {
            return Ok(());
        }
        let Some(group_id) = self.config.group_id.clone() else { return Err(Error::NoGroup) };
        let now = self.cluster.env().now();
        let member_id = match &self.standing {
            Standing::Joining(_) => return Ok(()),
            Standing::Outside => Str::new(),
            Standing::Member { membership, heart, counts } => {
                heart.polled(now);
                let pulse = *heart.pulse.borrow();
                match pulse {
                    Pulse::Steady if *counts == self.topics.counts() => return Ok(()),
                    Pulse::Steady | Pulse::Rejoin => membership.member_id.clone(),
                    Pulse::Lost => Str::new(),
                    Pulse::Fenced => {
                        let code = wire::ErrorCode::FencedInstanceId.code();
                        return Err(Error::refused(code, None));
                    }
                }
            }
        };
        if !member_id.is_empty() {
            // The share is given back: what was read of it should count.
            self.commit_or_tell().await;
        }
        let given_back: Vec<TopicPartition> = self.places.keys().cloned().collect();
        self.places.clear();
        if !member_id.is_empty() {
            self.tell_of(Rebalance::Revoked(given_back));
        } else if !given_back.is_empty() {
            self.tell_of(Rebalance::Lost(given_back));
        }
        let topics = self.topics.counts().into_keys();
        let topics = self.subscription.topics().unwrap_or_else(|| topics.collect());
        let join = Join {
            cluster: self.cluster.clone(),
            config: self.config.clone(),
            group_id,
            member_id,
            topics,
        };
        let task = self.cluster.env().spawn("join group", Box::pin(join.run()));
        self.standing = Standing::Joining(task);
        Ok(())
    }

    /// Takes the share a join brought.
    pub(super) fn take_share(&mut self, joined: Result<Joined, Error>) -> Result<(), Error> {
        let joined = match joined {
            Ok(joined) => joined,
            Err(error) => {
                self.standing = Standing::Outside;
                return Err(error);
            }
        };
        let heart = Heart::start(&self.cluster, &joined.membership, &self.config);
        self.places = joined.partitions.into_iter().map(|at| (at, Place::default())).collect();
        self.tell_of(Rebalance::Assigned(self.places.keys().cloned().collect()));
        tracing::debug!(partitions = self.places.len(), "joined group");
        let counts = self.topics.counts();
        self.standing = Standing::Member { membership: joined.membership, heart, counts };
        Ok(())
    }
}
