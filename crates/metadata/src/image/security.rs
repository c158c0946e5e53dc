//! What authentication and authorization need to know: ACLs, SCRAM credentials, delegation tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wire::stored::metadata::{
    AccessControlEntryRecord, DelegationTokenRecord, RemoveAccessControlEntryRecord,
    UserScramCredentialRecord,
};
use wire::{Bytes, Str, Uuid};

use crate::error::{ReplayError, Result};

/// One access control entry; the codes are those of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    /// Topic, group, cluster and so on.
    pub resource_type: i8,
    /// The name or prefix of the resource, or `*`.
    pub resource_name: Str,
    /// Literal or prefixed.
    pub pattern_type: i8,
    /// Like `User:alice`, or `User:*`.
    pub principal: Str,
    /// An address, or `*`.
    pub host: Str,
    /// The operation.
    pub operation: i8,
    /// Deny or allow.
    pub permission_type: i8,
}

/// All ACLs by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclsImage {
    /// The entries.
    pub acls: BTreeMap<Uuid, Arc<Acl>>,
}

impl AclsImage {
    pub(crate) fn replay(&mut self, record: &AccessControlEntryRecord) {
        let acl = Acl {
            resource_type: record.resource_type,
            resource_name: record.resource_name.detach(),
            pattern_type: record.pattern_type,
            principal: record.principal.detach(),
            host: record.host.detach(),
            operation: record.operation,
            permission_type: record.permission_type,
        };
        self.acls.insert(record.id, Arc::new(acl));
    }

    pub(crate) fn replay_removal(&mut self, record: &RemoveAccessControlEntryRecord) -> Result<()> {
        let removed = self.acls.remove(&record.id);
        removed.map(|_| ()).ok_or(ReplayError::UnknownAcl(record.id))
    }

    pub(crate) fn to_records(&self) -> impl Iterator<Item = AccessControlEntryRecord> {
        self.acls.iter().map(|(id, acl)| AccessControlEntryRecord {
            id: *id,
            resource_type: acl.resource_type,
            resource_name: acl.resource_name.clone(),
            pattern_type: acl.pattern_type,
            principal: acl.principal.clone(),
            host: acl.host.clone(),
            operation: acl.operation,
            permission_type: acl.permission_type,
            ..AccessControlEntryRecord::default()
        })
    }
}

/// What a SCRAM exchange needs of a user's password. Its text form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredential {
    /// The salt.
    pub salt: Bytes,
    /// The stored key.
    pub stored_key: Bytes,
    /// The server key.
    pub server_key: Bytes,
    /// The number of iterations.
    pub iterations: i32,
}

impl fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredential")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// All SCRAM credentials, by mechanism (1 SHA-256, 2 SHA-512) and user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramImage {
    /// The credentials.
    pub credentials: BTreeMap<(i8, Str), ScramCredential>,
}

impl ScramImage {
    pub(crate) fn replay(&mut self, record: &UserScramCredentialRecord) -> Result<()> {
        if !(1..=2).contains(&record.mechanism) {
            return Err(ReplayError::unknown("SCRAM mechanism", record.mechanism));
        }
        let credential = ScramCredential {
            salt: detach(&record.salt),
            stored_key: detach(&record.stored_key),
            server_key: detach(&record.server_key),
            iterations: record.iterations,
        };
        self.credentials.insert((record.mechanism, record.name.detach()), credential);
        Ok(())
    }

    pub(crate) fn replay_removal(&mut self, mechanism: i8, user: &Str) {
        self.credentials.remove(&(mechanism, user.clone()));
    }

    pub(crate) fn to_records(&self) -> impl Iterator<Item = UserScramCredentialRecord> {
        self.credentials.iter().map(|((mechanism, name), credential)| UserScramCredentialRecord {
            name: name.clone(),
            mechanism: *mechanism,
            salt: credential.salt.clone(),
            stored_key: credential.stored_key.clone(),
            server_key: credential.server_key.clone(),
            iterations: credential.iterations,
            ..UserScramCredentialRecord::default()
        })
    }
}

fn detach(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// A delegation token; its secret is derived, not stored (kafka-semantics 195).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationToken {
    /// Whom the token stands for.
    pub owner: Str,
    /// Who asked for it.
    pub requester: Str,
    /// Who else may renew it.
    pub renewers: Vec<Str>,
    /// When it was issued, in milliseconds since the epoch.
    pub issue_timestamp: i64,
    /// Beyond which it cannot be renewed.
    pub max_timestamp: i64,
    /// When it expires unless renewed.
    pub expiration_timestamp: i64,
}

/// All delegation tokens by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelegationTokensImage {
    /// The tokens.
    pub tokens: BTreeMap<Str, DelegationToken>,
}

impl DelegationTokensImage {
    pub(crate) fn replay(&mut self, record: &DelegationTokenRecord) {
        let token = DelegationToken {
            owner: record.owner.detach(),
            requester: record.requester.detach(),
            renewers: record.renewers.iter().map(Str::detach).collect(),
            issue_timestamp: record.issue_timestamp,
            max_timestamp: record.max_timestamp,
            expiration_timestamp: record.expiration_timestamp,
        };
        self.tokens.insert(record.token_id.detach(), token);
    }

    pub(crate) fn replay_removal(&mut self, token_id: &str) {
        self.tokens.remove(token_id);
    }

    pub(crate) fn to_records(&self) -> impl Iterator<Item = DelegationTokenRecord> {
        self.tokens.iter().map(|(id, token)| DelegationTokenRecord {
            owner: token.owner.clone(),
            requester: token.requester.clone(),
            renewers: token.renewers.clone(),
            issue_timestamp: token.issue_timestamp,
            max_timestamp: token.max_timestamp,
            expiration_timestamp: token.expiration_timestamp,
            token_id: id.clone(),
            ..DelegationTokenRecord::default()
        })
    }
}
