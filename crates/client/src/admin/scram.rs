//! SCRAM credentials of users.

use bytes::Bytes;
use wire::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use wire::messages::describe_user_scram_credentials_request::UserName;
use wire::messages::{AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest};
use wire::{ErrorCode, Str};

use super::Admin;
use crate::error::{Error, check};

/// A change of one credential. Mechanisms: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
#[derive(Debug, Clone)]
pub enum ScramChange {
    /// Sets it.
    Upsert {
        /// The mechanism.
        mechanism: i8,
        /// How often the password was hashed.
        iterations: i32,
        /// What it was hashed with.
        salt: Vec<u8>,
        /// The hash.
        salted_password: Vec<u8>,
    },
    /// Deletes it.
    Delete {
        /// The mechanism.
        mechanism: i8,
    },
}

impl Admin {
    /// Which mechanisms users have credentials for, and with how many iterations. All users
    /// without names; a user that has none is left out.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn describe_scram(
        &self,
        users: Option<&[Str]>,
    ) -> Result<Vec<(Str, Vec<(i8, i32)>)>, Error> {
        let named = |name: &Str| UserName { name: name.clone(), ..UserName::default() };
        let request = DescribeUserScramCredentialsRequest {
            users: users.map(|users| users.iter().map(named).collect()),
            ..DescribeUserScramCredentialsRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let mut found = Vec::new();
        for user in response.results {
            if user.error_code == ErrorCode::ResourceNotFound.code() {
                continue;
            }
            check(user.error_code, user.error_message.as_deref())?;
            let infos = user.credential_infos.iter();
            found.push((user.user, infos.map(|info| (info.mechanism, info.iterations)).collect()));
        }
        Ok(found)
    }

    /// Changes credentials of one user.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn alter_scram(&self, user: &Str, changes: Vec<ScramChange>) -> Result<(), Error> {
        let mut request = AlterUserScramCredentialsRequest::default();
        for change in changes {
            match change {
                ScramChange::Upsert { mechanism, iterations, salt, salted_password } => {
                    request.upsertions.push(ScramCredentialUpsertion {
                        name: user.clone(),
                        mechanism,
                        iterations,
                        salt: Bytes::from(salt),
                        salted_password: Bytes::from(salted_password),
                        ..ScramCredentialUpsertion::default()
                    });
                }
                ScramChange::Delete { mechanism } => {
                    request.deletions.push(ScramCredentialDeletion {
                        name: user.clone(),
                        mechanism,
                        ..ScramCredentialDeletion::default()
                    });
                }
            }
        }
        let response = self.cluster.call_control(&request).await?;
        for result in response.results {
            check(result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }
}
