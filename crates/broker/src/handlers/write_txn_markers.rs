//! WriteTxnMarkers: a coordinator ends transactions in partitions that are led here
//! (kafka-semantics 148).

use records::EndTxnMarker;
use replica::TransactionEnd;
use wire::messages::{
    WriteTxnMarkersRequest, WriteTxnMarkersResponse,
    write_txn_markers_request::WritableTxnMarker,
    write_txn_markers_response::{
        WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    },
};
use wire::{ErrorCode, Str};

use crate::request::Request;
use crate::transactions::markers::Marker;

/// Appends all markers, then waits for the replicas.
pub(crate) async fn handle(
    request: Request,
    message: WriteTxnMarkersRequest,
) -> WriteTxnMarkersResponse {
    let begun: Vec<_> =
        message.markers.into_iter().map(|marker| Begun::new(&request, marker)).collect();
    let mut markers: Vec<WritableTxnMarkerResult> = Vec::with_capacity(begun.len());
    for begun in begun {
        let Begun { producer_id, topics } = begun;
        let mut results = Vec::with_capacity(topics.len());
        for (name, partitions) in topics {
            let mut result = WritableTxnMarkerTopicResult { name, ..Default::default() };
            for (partition_index, marker) in partitions {
                result.partitions.push(WritableTxnMarkerPartitionResult {
                    partition_index,
                    error_code: request.broker.finish_marker(marker).await.code(),
                    ..WritableTxnMarkerPartitionResult::default()
                });
            }
            results.push(result);
        }
        // A producer is told of once.
        match markers.iter_mut().find(|earlier| earlier.producer_id == producer_id) {
            Some(earlier) => earlier.topics.extend(results),
            None => markers.push(WritableTxnMarkerResult {
                producer_id,
                topics: results,
                ..WritableTxnMarkerResult::default()
            }),
        }
    }
    WriteTxnMarkersResponse { markers, ..WriteTxnMarkersResponse::default() }
}

/// The end of one producer's transaction, under way.
struct Begun {
    producer_id: i64,
    topics: Vec<(Str, Vec<(i32, Marker)>)>,
}

impl Begun {
    fn new(request: &Request, marker: WritableTxnMarker) -> Self {
        let end = TransactionEnd {
            producer_id: marker.producer_id,
            producer_epoch: marker.producer_epoch,
            marker: EndTxnMarker {
                committed: marker.transaction_result,
                coordinator_epoch: marker.coordinator_epoch,
            },
            transaction_version: marker.transaction_version.into(),
        };
        let topics = marker.topics.into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                let marker = match request.broker.replicas.get(&topic.name, *index) {
                    Ok(_) => request.broker.begin_marker(&topic.name, *index, &end),
                    Err(_) => Marker::Done(ErrorCode::UnknownTopicOrPartition),
                };
                (*index, marker)
            });
            let partitions = partitions.collect();
            (topic.name, partitions)
        });
        Self { producer_id: marker.producer_id, topics: topics.collect() }
    }
}
