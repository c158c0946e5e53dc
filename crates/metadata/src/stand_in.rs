//! Stand-in until the generated enum lands.
#![allow(missing_docs)]
use wire::stored::metadata::*;
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataRecord {
    AbortTransaction(AbortTransactionRecord),
    AccessControlEntry(AccessControlEntryRecord),
    BeginTransaction(BeginTransactionRecord),
    BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    ClearElr(ClearElrRecord),
    ClientQuota(ClientQuotaRecord),
    Config(ConfigRecord),
    DelegationToken(DelegationTokenRecord),
    EndTransaction(EndTransactionRecord),
    FeatureLevel(FeatureLevelRecord),
    FenceBroker(FenceBrokerRecord),
    NoOp(NoOpRecord),
    PartitionChange(PartitionChangeRecord),
    Partition(PartitionRecord),
    ProducerIds(ProducerIdsRecord),
    RegisterBroker(RegisterBrokerRecord),
    RegisterController(RegisterControllerRecord),
    RemoveAccessControlEntry(RemoveAccessControlEntryRecord),
    RemoveDelegationToken(RemoveDelegationTokenRecord),
    RemoveTopic(RemoveTopicRecord),
    RemoveUserScramCredential(RemoveUserScramCredentialRecord),
    Topic(TopicRecord),
    UnfenceBroker(UnfenceBrokerRecord),
    UnregisterBroker(UnregisterBrokerRecord),
    UserScramCredential(UserScramCredentialRecord),
    ZkMigrationState(ZkMigrationStateRecord),
}
