//! What Apache Kafka's tools call a failure: the Java class of the exception, which they show in
//! front of its message.

use client::Error;
use wire::ErrorCode;

/// A failure as `class: message`, as Java shows an exception.
pub(crate) fn shown(error: &Error) -> String {
    format!("{}: {}", class(error), message(error))
}

/// The message alone, in Apache Kafka's words where it has words for it.
pub(crate) fn message(error: &Error) -> String {
    match error {
        Error::Unsupported(api) => {
            format!("The node does not support {}", api_constant(api.name()))
        }
        other => other.to_string(),
    }
}

/// The class of the exception that Apache Kafka's client throws for it.
pub(crate) fn class(error: &Error) -> String {
    match error {
        Error::Refused { code, .. } => class_of(*code),
        Error::Unsupported(_) => class_named("UnsupportedVersion"),
        Error::TimedOut { .. } | Error::NoBootstrapServer(_) | Error::NotInMetadata { .. } => {
            class_named("Timeout")
        }
        Error::RecordTooLarge { .. } => class_named("RecordTooLarge"),
        Error::NoRoom { .. } => {
            "org.apache.kafka.clients.producer.BufferExhaustedException".to_owned()
        }
        Error::Expired { .. } => class_named("Timeout"),
        Error::Connection { .. } => class_named("Network"),
        _ => "org.apache.kafka.common.KafkaException".to_owned(),
    }
}

fn class_named(name: &str) -> String {
    format!("org.apache.kafka.common.errors.{name}Exception")
}

/// The class for an error code: named like the code, but for these.
pub(crate) fn class_of(code: ErrorCode) -> String {
    let name = match code {
        ErrorCode::UnknownServerError => "UnknownServer",
        ErrorCode::CorruptMessage => "CorruptRecord",
        ErrorCode::RequestTimedOut => "Timeout",
        ErrorCode::MessageTooLarge => "RecordTooLarge",
        ErrorCode::StaleControllerEpoch => "ControllerMoved",
        ErrorCode::NetworkException => "Network",
        ErrorCode::InvalidTopicException => "InvalidTopic",
        ErrorCode::RecordListTooLarge => "RecordBatchTooLarge",
        ErrorCode::TopicAuthorizationFailed => "TopicAuthorization",
        ErrorCode::GroupAuthorizationFailed => "GroupAuthorization",
        ErrorCode::ClusterAuthorizationFailed => "ClusterAuthorization",
        ErrorCode::TransactionalIdAuthorizationFailed => "TransactionalIdAuthorization",
        ErrorCode::DelegationTokenAuthorizationFailed => "DelegationTokenAuthorization",
        ErrorCode::TopicAlreadyExists => "TopicExists",
        ErrorCode::InvalidConfig => "InvalidConfiguration",
        ErrorCode::NonEmptyGroup => "GroupNotEmpty",
        ErrorCode::InvalidProducerIdMapping => "InvalidPidMapping",
        ErrorCode::OutOfOrderSequenceNumber => "OutOfOrderSequence",
        ErrorCode::DuplicateSequenceNumber => "DuplicateSequence",
        ErrorCode::InvalidTransactionTimeout => "InvalidTxnTimeout",
        ErrorCode::DelegationTokenAuthDisabled => "DelegationTokenDisabled",
        ErrorCode::DelegationTokenRequestNotAllowed => "UnsupportedByAuthentication",
        ErrorCode::KafkaStorageError => "KafkaStorage",
        ErrorCode::InvalidRecord => return "org.apache.kafka.common.InvalidRecordException".into(),
        other => return class_named(&format!("{other:?}")),
    };
    class_named(name)
}

/// `DescribeClientQuotas` as `DESCRIBE_CLIENT_QUOTAS`.
pub(crate) fn api_constant(name: &str) -> String {
    let mut constant = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_ascii_uppercase() {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    constant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_javas_client() {
        let class = |code: ErrorCode| class_of(code).rsplit('.').next().map(str::to_owned);
        let expected = [
            (ErrorCode::UnknownTopicOrPartition, "UnknownTopicOrPartitionException"),
            (ErrorCode::NonEmptyGroup, "GroupNotEmptyException"),
            (ErrorCode::RequestTimedOut, "TimeoutException"),
            (ErrorCode::InvalidTopicException, "InvalidTopicException"),
        ];
        for (code, name) in expected {
            assert_eq!(class(code).as_deref(), Some(name));
        }
        assert_eq!(api_constant("DescribeClientQuotas"), "DESCRIBE_CLIENT_QUOTAS");
    }
}
