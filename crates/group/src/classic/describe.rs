//! How DescribeGroups shows a classic group.

use super::request::{DescribedGroup, DescribedMember};
use super::state::ClassicGroup;

impl ClassicGroup {
    /// Protocol and metadata are shown of a stable group only.
    pub(crate) fn describe(&self) -> DescribedGroup {
        let protocol_name =
            if self.is_stable() { self.protocol_name.clone() } else { None }.unwrap_or_default();
        let members = self.members.iter().map(|member| DescribedMember {
            member_id: member.id.clone(),
            group_instance_id: member.group_instance_id.clone(),
            client: member.client.clone(),
            metadata: match self.is_stable() {
                true => member.metadata(&protocol_name).cloned().unwrap_or_default(),
                false => wire::Bytes::new(),
            },
            assignment: member.assignment.clone(),
        });
        DescribedGroup {
            group_id: self.id.clone(),
            state: self.state_name(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: members.collect(),
            protocol_data: protocol_name,
        }
    }
}
