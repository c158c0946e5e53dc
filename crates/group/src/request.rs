//! What a shard is asked and what it answers.

use wire::Str;

use crate::classic::request::{
    DescribeGroups, DescribedGroup, Heartbeat, JoinGroup, JoinRefused, Joined, LeaveGroup, Left,
    SyncGroup, Synced,
};
use crate::cluster::ClusterChanged;
use crate::consumer::request::{
    ConsumerBeat, ConsumerHeartbeat, DescribeConsumerGroups, DescribedConsumerGroup,
};
use crate::consumer::{Partitions, RegexesResolved};
use crate::error::Error;
use crate::groups::{DeleteGroups, DeletedGroup, ListGroups, ListedGroup};
use crate::offsets::request::{
    CommitOffsets, CommittedTopic, DeleteOffsets, DeletedTopic, FetchOffsets, FetchedTopic,
    TopicsDeleted, TxnCommitOffsets,
};
use crate::settings::Settings;
use crate::share::request::{
    AlterStates, Altered, DeleteStates, DescribeShareGroups, DescribedShareGroup, EndStates,
    ListStates, ShareBeat, ShareHeartbeat, StatesBegun, StatesDeleted,
};
use crate::streams::{
    DescribeStreamsGroups, DescribedStreamsGroup, StreamsBeat, StreamsHeartbeat, StreamsRefused,
};

/// A request together with the type of its answer.
pub trait Call: Into<Request> + Send + 'static {
    /// The answer.
    type Answer: Send + 'static;

    /// The answer out of a response; none if the response is to another kind of request, which a
    /// shard never gives.
    fn answer(response: Response) -> Option<Self::Answer>;
}

/// Declares the requests, one line each: variant, request, answer.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        /// Everything a shard is asked.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {
            $($(#[$doc])* $name($request),)*
        }

        /// The answer to the request of the same name.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Response {
            $($(#[$doc])* $name($answer),)*
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self {
                    Self::$name(request)
                }
            }

            impl Call for $request {
                type Answer = $answer;

                fn answer(response: Response) -> Option<$answer> {
                    match response {
                        Response::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )*
    };
}

calls! {
    /// A member joins or joins again.
    JoinGroup(JoinGroup) -> Result<Joined, JoinRefused>;
    /// A member asks for its assignment; the leader brings all of them.
    SyncGroup(SyncGroup) -> Result<Synced, Error>;
    /// A member says that it is alive.
    Heartbeat(Heartbeat) -> Result<(), Error>;
    /// Members leave or are removed.
    LeaveGroup(LeaveGroup) -> Result<Vec<Left>, Error>;
    /// Groups are described.
    DescribeGroups(DescribeGroups) -> Vec<Result<DescribedGroup, Error>>;
    /// The shard's groups are listed.
    ListGroups(ListGroups) -> Vec<ListedGroup>;
    /// Groups are deleted.
    DeleteGroups(DeleteGroups) -> Vec<DeletedGroup>;
    /// Offsets are committed.
    CommitOffsets(CommitOffsets) -> Result<Vec<CommittedTopic>, Error>;
    /// Offsets are committed in a transaction.
    TxnCommitOffsets(TxnCommitOffsets) -> Result<Vec<CommittedTopic>, Error>;
    /// Committed offsets are fetched.
    FetchOffsets(FetchOffsets) -> Result<Vec<FetchedTopic>, Error>;
    /// Committed offsets are deleted.
    DeleteOffsets(DeleteOffsets) -> Result<Vec<DeletedTopic>, Error>;
    /// Topics are gone, and so shall be their offsets.
    TopicsDeleted(TopicsDeleted) -> ();
    /// The cluster has changed.
    ClusterChanged(ClusterChanged) -> ();
    /// A member of a consumer group is there, joins or leaves.
    ConsumerHeartbeat(ConsumerHeartbeat) -> Result<ConsumerBeat, Error>;
    /// Consumer groups are described.
    DescribeConsumerGroups(DescribeConsumerGroups) -> Vec<Result<DescribedConsumerGroup, Error>>;
    /// What patterns of a consumer group matched.
    RegexesResolved(RegexesResolved) -> ();
    /// A member of a streams group joins, is there, or leaves.
    StreamsHeartbeat(StreamsHeartbeat) -> Result<StreamsBeat, StreamsRefused>;
    /// Streams groups are described.
    DescribeStreamsGroups(DescribeStreamsGroups) -> Vec<Result<DescribedStreamsGroup, Error>>;
    /// A member of a share group is there, joins or leaves.
    ShareHeartbeat(ShareHeartbeat) -> Result<ShareBeat, Error>;
    /// Share groups are described.
    DescribeShareGroups(DescribeShareGroups) -> Vec<Result<DescribedShareGroup, Error>>;
    /// The states of a share group's partitions have begun, or could not.
    StatesBegun(StatesBegun) -> ();
    /// Which partitions of a share group have states.
    ListStates(ListStates) -> Result<Partitions, Error>;
    /// The start offsets of a share group are set.
    AlterStates(AlterStates) -> Altered;
    /// The states of a share group's topics are to end.
    DeleteStates(DeleteStates) -> Result<EndStates, Error>;
    /// They have ended.
    StatesDeleted(StatesDeleted) -> ();
}

impl Request {
    /// The answer to a request that is wrong whatever the state of the group (kafka-semantics 89,
    /// 90). A coordinator gives it wherever the group lives.
    pub fn refusal(&self, settings: &Settings) -> Option<Response> {
        let no_id = |group_id: &Str| group_id.is_empty().then_some(Error::InvalidGroupId);
        match self {
            Self::JoinGroup(request) => {
                let error = no_id(&request.group_id).or_else(|| request.refusal(settings))?;
                let member_id = request.member_id.clone();
                Some(Response::JoinGroup(Err(JoinRefused { member_id, error })))
            }
            Self::SyncGroup(request) => {
                no_id(&request.group_id).map(|error| Response::SyncGroup(Err(error)))
            }
            Self::Heartbeat(request) => {
                no_id(&request.group_id).map(|error| Response::Heartbeat(Err(error)))
            }
            Self::LeaveGroup(request) => {
                no_id(&request.group_id).map(|error| Response::LeaveGroup(Err(error)))
            }
            Self::DeleteOffsets(request) => {
                no_id(&request.group_id).map(|error| Response::DeleteOffsets(Err(error)))
            }
            Self::TxnCommitOffsets(request) => {
                no_id(&request.0.group_id).map(|error| Response::TxnCommitOffsets(Err(error)))
            }
            Self::StreamsHeartbeat(request) => {
                request.refusal().map(|refused| Response::StreamsHeartbeat(Err(refused)))
            }
            Self::ConsumerHeartbeat(request) => {
                request.refusal(settings).map(|error| Response::ConsumerHeartbeat(Err(error)))
            }
            Self::ShareHeartbeat(request) => request
                .invalid()
                .map(|what| Response::ShareHeartbeat(Err(Error::InvalidRequest(what)))),
            Self::AlterStates(request) => {
                no_id(&request.group_id).map(|error| Response::AlterStates(Err(error)))
            }
            Self::DeleteStates(request) => {
                no_id(&request.group_id).map(|error| Response::DeleteStates(Err(error)))
            }
            // Old simple consumers have the empty group id.
            Self::CommitOffsets(_)
            | Self::FetchOffsets(_)
            | Self::DescribeGroups(_)
            | Self::ListGroups(_)
            | Self::DeleteGroups(_)
            | Self::TopicsDeleted(_)
            | Self::ClusterChanged(_)
            | Self::DescribeConsumerGroups(_)
            | Self::DescribeStreamsGroups(_)
            | Self::RegexesResolved(_)
            | Self::DescribeShareGroups(_)
            | Self::StatesBegun(_)
            | Self::ListStates(_)
            | Self::StatesDeleted(_) => None,
        }
    }
}

impl JoinGroup {
    fn refusal(&self, settings: &Settings) -> Option<Error> {
        let allowed = settings.min_session_timeout_ms..=settings.max_session_timeout_ms;
        (!allowed.contains(&self.session_timeout_ms)).then_some(Error::InvalidSessionTimeout)
    }
}
