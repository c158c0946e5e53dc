//! The "authorized operations" bit fields of some responses: which ACL operations the caller may
//! do on a resource. Without an authorizer that is every operation the resource type knows.

/// Codes of ACL operations, as bits count them.
const READ: u8 = 3;
const WRITE: u8 = 4;
const CREATE: u8 = 5;
const DELETE: u8 = 6;
const ALTER: u8 = 7;
const DESCRIBE: u8 = 8;
const CLUSTER_ACTION: u8 = 9;
const DESCRIBE_CONFIGS: u8 = 10;
const ALTER_CONFIGS: u8 = 11;
const IDEMPOTENT_WRITE: u8 = 12;

/// What can be done to a topic.
pub(crate) const TOPIC: &[u8] =
    &[READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS];
/// What can be done to a group.
pub(crate) const GROUP: &[u8] = &[READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS];
/// What can be done to the cluster.
pub(crate) const CLUSTER: &[u8] =
    &[CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE];

/// The bit field for operations that are all allowed.
pub(crate) fn authorized_operations(operations: &[u8]) -> i32 {
    operations.iter().fold(0, |bits, operation| bits | (1 << operation))
}
