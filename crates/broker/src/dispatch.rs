//! From a frame to its handler and back: the only place that knows which API goes where.

use bytes::Bytes;
use net::{Call, Outcome};
use wire::header::RequestHeader;
use wire::{ApiKey, ApiRequest, DecodeError, EncodeError, Reader, Str, response_frame};

use crate::handlers;
use crate::reply::Reply;
use crate::request::Request;

/// Lists every API the broker serves: its key and the module of its handler.
///
/// What is not in this table is neither advertised nor answered: the connection is closed, as
/// Apache Kafka does with an unknown key (kafka-apis 11).
macro_rules! served {
    (here { $($key:ident => $module:ident,)* } by_controller { $($forwarded:ident,)* }) => {
        /// The APIs that a broker listener answers, in the order of their keys.
        pub const SERVED: &[ApiKey] = &[$(ApiKey::$key,)* $(ApiKey::$forwarded,)*];

        fn route(key: ApiKey, header: RequestHeader, request: Request, body: Reader) -> Call {
            match key {
                $(ApiKey::$key => {
                    Call::pending(serve(handlers::$module::handle, header, request, body))
                })*
                $(ApiKey::$forwarded => Call::pending(forward(key, header, request, body)),)*
                _ => Call::Ready(refuse(&Refusal::NotServed(key))),
            }
        }
    };
}

served! {
    here {
        Produce => produce,
        Fetch => fetch,
        ListOffsets => list_offsets,
        Metadata => metadata,
        OffsetCommit => offset_commit,
        OffsetFetch => offset_fetch,
        FindCoordinator => find_coordinator,
        JoinGroup => join_group,
        Heartbeat => heartbeat,
        LeaveGroup => leave_group,
        SyncGroup => sync_group,
        DescribeGroups => describe_groups,
        ListGroups => list_groups,
        ApiVersions => api_versions,
        DeleteRecords => delete_records,
        InitProducerId => init_producer_id,
        OffsetForLeaderEpoch => offset_for_leader_epoch,
        AddPartitionsToTxn => add_partitions_to_txn,
        AddOffsetsToTxn => add_offsets_to_txn,
        EndTxn => end_txn,
        WriteTxnMarkers => write_txn_markers,
        TxnOffsetCommit => txn_offset_commit,
        DescribeConfigs => describe_configs,
        AlterConfigs => alter_configs,
        AlterReplicaLogDirs => alter_replica_log_dirs,
        DescribeLogDirs => describe_log_dirs,
        DeleteGroups => delete_groups,
        OffsetDelete => offset_delete,
        DescribeClientQuotas => describe_client_quotas,
        DescribeCluster => describe_cluster,
        DescribeProducers => describe_producers,
        DescribeTransactions => describe_transactions,
        ListTransactions => list_transactions,
        ConsumerGroupHeartbeat => consumer_group_heartbeat,
        ConsumerGroupDescribe => consumer_group_describe,
        IncrementalAlterConfigs => incremental_alter_configs,
        GetTelemetrySubscriptions => get_telemetry_subscriptions,
        PushTelemetry => push_telemetry,
        ListConfigResources => list_config_resources,
        DescribeTopicPartitions => describe_topic_partitions,
        ShareGroupHeartbeat => share_group_heartbeat,
        ShareGroupDescribe => share_group_describe,
        ShareFetch => share_fetch,
        ShareAcknowledge => share_acknowledge,
        InitializeShareGroupState => initialize_share_group_state,
        ReadShareGroupState => read_share_group_state,
        WriteShareGroupState => write_share_group_state,
        DeleteShareGroupState => delete_share_group_state,
        ReadShareGroupStateSummary => read_share_group_state_summary,
        StreamsGroupHeartbeat => streams_group_heartbeat,
        StreamsGroupDescribe => streams_group_describe,
        DescribeShareGroupOffsets => describe_share_group_offsets,
        AlterShareGroupOffsets => alter_share_group_offsets,
        DeleteShareGroupOffsets => delete_share_group_offsets,
    }
    by_controller {
        CreateTopics,
        DeleteTopics,
        CreatePartitions,
        ElectLeaders,
        AlterPartitionReassignments,
        ListPartitionReassignments,
        AlterClientQuotas,
        DescribeQuorum,
        UpdateFeatures,
        UnregisterBroker,
    }
}

/// Why a request gets no answer: its connection is closed (kafka-apis 11, 12).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The bytes are not a request of the API and version they name.
    #[error("malformed request: {0}")]
    Malformed(#[from] DecodeError),
    /// The API is not served on a broker listener.
    #[error("{0} is not served on this listener")]
    NotServed(ApiKey),
    /// The version is not supported.
    #[error("{api} version {version} is not supported; this broker knows {min} to {max}")]
    Version {
        /// The API.
        api: ApiKey,
        /// The version asked for.
        version: i16,
        /// The lowest supported version.
        min: i16,
        /// The highest supported version.
        max: i16,
    },
    /// A response that its version cannot carry: a fault of the broker.
    #[error("no response to {api} version {version}: {source}")]
    Response {
        /// The API.
        api: ApiKey,
        /// The version asked for.
        version: i16,
        /// What the version cannot say.
        source: EncodeError,
    },
}

/// A request frame after its header was read.
#[derive(Debug)]
pub(crate) struct Incoming {
    key: ApiKey,
    header: RequestHeader,
    body: Reader,
}

impl Incoming {
    /// Reads the header of a frame (without its length).
    ///
    /// An ApiVersions request of a version that nobody knows is taken as it is, since it is
    /// answered all the same (kafka-apis 17).
    pub(crate) fn read(frame: Bytes, unstable_versions: bool) -> Result<Self, Refusal> {
        let mut body = Reader::new(frame);
        let header = RequestHeader::read(&mut body)?;
        let key = header.api_key()?;
        let (min, max) = versions(key, unstable_versions);
        let version = header.request_api_version;
        if !(min..=max).contains(&version) && key != ApiKey::ApiVersions {
            return Err(Refusal::Version { api: key, version, min, max });
        }
        Ok(Self { key, header, body })
    }

    /// The version asked for.
    pub(crate) fn version(&self) -> i16 {
        self.header.request_api_version
    }

    /// The client's name for itself; null counts as empty (kafka-apis 4).
    pub(crate) fn client_id(&self) -> Str {
        self.header.client_id.clone().unwrap_or_default()
    }

    /// Serves the request. What it does up to its first wait happens when it is first polled, in
    /// the order of the connection's requests; that keeps appends in order.
    pub(crate) fn serve(self, request: Request) -> Call {
        let Self { key, header, body } = self;
        if key == ApiKey::ApiVersions && !key.has_version(header.request_api_version) {
            let response = handlers::api_versions::unsupported_version();
            return Call::Ready(encode(key, 0, header.correlation_id, &response));
        }
        // Its batches have to wait for the coordinator of the transaction, and so have those behind
        // them.
        let waits_alone = key == ApiKey::Produce
            && handlers::produce::names_transaction(header.request_api_version, body.unread());
        match route(key, header, request, body) {
            Call::Pending(waiting) if waits_alone => Call::Exclusive(waiting),
            call => call,
        }
    }
}

/// The lowest and highest version served of an API.
pub(crate) fn versions(key: ApiKey, unstable_versions: bool) -> (i16, i16) {
    let spec = key.spec();
    let max = if unstable_versions { spec.max_version } else { spec.stable_max_version() };
    (spec.min_version, max)
}

async fn serve<R, T, F>(
    handle: impl FnOnce(Request, R) -> F + Send,
    header: RequestHeader,
    request: Request,
    mut body: Reader,
) -> net::Reply
where
    R: ApiRequest,
    F: Future<Output = T> + Send,
    Reply<R::Response>: From<T>,
{
    let version = header.request_api_version;
    // What a client writes beyond its message is passed over, as Apache Kafka does: librdkafka
    // has sent such bytes in Metadata requests.
    let decoded = R::decode(&mut body, version);
    drop(body);
    let message = match decoded {
        Ok(message) => message,
        Err(error) => return refuse(&Refusal::Malformed(error)),
    };
    match Reply::from(handle(request, message).await) {
        Reply::Send(response) => encode(R::API, version, header.correlation_id, &response),
        Reply::Silence => net::Reply::nothing(),
        Reply::Close(reason) => net::Reply::close(reason),
    }
}

/// Passes a request on to the active controller and its answer back.
async fn forward(
    key: ApiKey,
    header: RequestHeader,
    request: Request,
    mut body: Reader,
) -> net::Reply {
    let version = header.request_api_version;
    let decoded = wire::Request::decode(key, &mut body, version);
    drop(body);
    match decoded {
        Ok(message) => match handlers::forwarded::handle(request, message).await {
            Ok(response) => encode(key, version, header.correlation_id, &response),
            Err(error) => net::Reply::close(error.to_string()),
        },
        Err(error) => refuse(&Refusal::Malformed(error)),
    }
}

/// Closes the connection; the reason goes to the log.
pub(crate) fn refuse(refusal: &Refusal) -> net::Reply {
    Outcome::Close(refusal.to_string()).into()
}

fn encode(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &impl wire::Encode,
) -> net::Reply {
    match response_frame(api, version, correlation_id, response) {
        Ok(frame) => net::Reply::frame(frame),
        Err(source) => {
            let refusal = Refusal::Response { api, version, source };
            tracing::error!("{refusal}");
            refuse(&refusal)
        }
    }
}
