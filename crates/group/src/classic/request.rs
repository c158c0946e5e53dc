//! Requests of the classic group protocol in the machine's terms.

use wire::{Bytes, Str, Uuid};

use crate::error::Error;

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The client id of the request's header.
    pub id: Str,
    /// The client's address as Java writes one, `/127.0.0.1`.
    pub host: Str,
}

/// One protocol (assignor) a member supports, with what the leader needs to assign by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Name.
    pub name: Str,
    /// Opaque to the coordinator but for subscribed topics (kafka-storage 8.5).
    pub metadata: Bytes,
}

/// What JoinGroup versions can do that older ones cannot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinAbilities {
    /// The member can come back with an id it is given (version 4 on, kafka-semantics 91).
    pub known_member_id: bool,
    /// A leader can be told to skip the assignment (version 9 on, kafka-semantics 99).
    pub skip_assignment: bool,
}

/// A member joins or joins again.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroup {
    /// The group.
    pub group_id: Str,
    /// Empty for a new member.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// Who asks.
    pub client: Client,
    /// What the request's version can do.
    pub abilities: JoinAbilities,
    /// How long the member may be silent.
    pub session_timeout_ms: i32,
    /// How long the member may take to join again; version 0 means the session timeout.
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect` and the like.
    pub protocol_type: Str,
    /// Protocols, most wanted first.
    pub protocols: Vec<Protocol>,
    /// Randomness for the id of a new member.
    pub random: Uuid,
}

/// A generation as its members learn it.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The member's id.
    pub member_id: Str,
    /// The generation.
    pub generation_id: i32,
    /// Protocol type of the group.
    pub protocol_type: Option<Str>,
    /// Protocol the members voted for.
    pub protocol_name: Option<Str>,
    /// The member that assigns.
    pub leader: Str,
    /// The leader need not assign, the members have their assignments (kafka-semantics 99).
    pub skip_assignment: bool,
    /// All members for the leader, none for others.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedMember {
    /// Member id.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// The member's metadata for the protocol voted for.
    pub metadata: Bytes,
}

/// A join that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinRefused {
    /// The id to answer with, empty if none.
    pub member_id: Str,
    /// Why.
    pub error: Error,
}

/// A member asks for its assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroup {
    /// The group.
    pub group_id: Str,
    /// The member.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// The generation the member joined.
    pub generation_id: i32,
    /// Protocol type the member believes in (version 5 on).
    pub protocol_type: Option<Str>,
    /// Protocol the member believes in (version 5 on).
    pub protocol_name: Option<Str>,
    /// From the leader: member ids and assignments.
    pub assignments: Vec<(Str, Bytes)>,
}

/// A member's assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Synced {
    /// Protocol type of the group.
    pub protocol_type: Option<Str>,
    /// Protocol of the generation.
    pub protocol_name: Option<Str>,
    /// Opaque to the coordinator.
    pub assignment: Bytes,
}

/// A member says that it is alive.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// The group.
    pub group_id: Str,
    /// The member.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// The generation the member is in.
    pub generation_id: i32,
}

/// Members leave, or an administrator removes them.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveGroup {
    /// The group.
    pub group_id: Str,
    /// Who leaves.
    pub members: Vec<Leaving>,
}

/// One member that leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaving {
    /// Empty if the instance id alone names the member (kafka-semantics 106).
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
}

/// What became of one member that leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// The member as the request named it.
    pub member: Leaving,
    /// Whether it is gone.
    pub result: Result<(), Error>,
}

/// Groups are described, by DescribeGroups.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeGroups {
    /// Their ids.
    pub group_ids: Vec<Str>,
}

/// A classic group as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    /// The group.
    pub group_id: Str,
    /// State, in the words of kafka-semantics 88.
    pub state: &'static str,
    /// Protocol type, empty if none.
    pub protocol_type: Str,
    /// Protocol of a stable group, else empty.
    pub protocol_data: Str,
    /// Members, in the order they joined.
    pub members: Vec<DescribedMember>,
}

/// A member as DescribeGroups shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedMember {
    /// Member id.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// Where it joined from.
    pub client: Client,
    /// Its metadata for the protocol of a stable group, else empty.
    pub metadata: Bytes,
    /// Its assignment.
    pub assignment: Bytes,
}
