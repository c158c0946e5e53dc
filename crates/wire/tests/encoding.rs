//! The rules of the encoding, one by one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use wire::messages::{
    DeleteTopicsRequest, DescribeTopicPartitionsRequest, FetchRequest, FetchResponse,
    JoinGroupRequest, MetadataRequest, ProduceRequest, SaslAuthenticateRequest,
    describe_topic_partitions_request, fetch_response, metadata_request, produce_request,
};
use wire::{
    DecodeError, EncodeError, FileRange, Frame, Message, Piece, RangeSource, Reader, Records, Str,
    TaggedFields, Uuid, Writer,
};

fn frame(message: &impl Message, version: i16) -> Frame {
    let mut w = Writer::new();
    message.encode(&mut w, version).unwrap();
    w.finish().unwrap()
}

fn bytes(message: &impl Message, version: i16) -> Bytes {
    frame(message, version).flatten().unwrap()
}

fn decode<M: Message>(bytes: impl Into<Bytes>, version: i16) -> Result<M, DecodeError> {
    let mut r = Reader::new(bytes.into());
    let message = M::decode(&mut r, version)?;
    r.finish().map(|()| message)
}

fn encode(message: &impl Message, version: i16) -> Result<(), EncodeError> {
    message.encode(&mut Writer::new(), version)
}

fn produce(records: Records) -> ProduceRequest {
    let partition_data = vec![produce_request::PartitionProduceData {
        records: Some(records),
        ..Default::default()
    }];
    let topic_data = vec![produce_request::TopicProduceData {
        name: Str::from("topic"),
        partition_data,
        ..Default::default()
    }];
    ProduceRequest { topic_data, ..Default::default() }
}

#[test]
fn records_and_what_is_decoded_share_the_frame() {
    let data = Bytes::from_static(b"any record data");
    let sent = frame(&produce(data.clone().into()), 9);
    assert!(
        sent.pieces.iter().any(|piece| {
            matches!(piece, Piece::Bytes(bytes) if bytes.as_ptr() == data.as_ptr())
        })
    );

    let flat = sent.flatten().unwrap();
    let within = |slice: &[u8]| flat.as_ptr_range().contains(&slice.as_ptr());
    let read: ProduceRequest = decode(flat.clone(), 9).unwrap();
    let topic = &read.topic_data[0];
    assert!(within(topic.name.as_bytes()));
    let records = topic.partition_data[0].records.as_ref().unwrap();
    assert_eq!(records.as_bytes(), Some(&data));
    assert!(within(records.as_bytes().unwrap()));
}

#[derive(Debug)]
struct Digits;

impl RangeSource for Digits {
    fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        for (at, byte) in (offset..).zip(buffer) {
            *byte = b'0' + (at % 10) as u8;
        }
        Ok(())
    }
}

#[test]
fn file_ranges_are_pieces_of_the_frame() {
    let range = FileRange { source: Arc::new(Digits), offset: 7, len: 5 };
    let partition = fetch_response::PartitionData {
        records: Some(Records::from(range.clone())),
        ..Default::default()
    };
    let partitions = vec![partition.clone(), partition];
    let topic = fetch_response::FetchableTopicResponse { partitions, ..Default::default() };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };

    let mut w = Writer::framed();
    response.encode(&mut w, 12).unwrap();
    let total = w.len();
    let frame = w.finish().unwrap();
    assert_eq!(frame.len(), total);
    let files = frame.pieces.iter().filter(|piece| **piece == Piece::File(range.clone())).count();
    assert_eq!((files, frame.pieces.len()), (2, 5));

    let mut r = Reader::new(frame.flatten().unwrap());
    assert_eq!(r.i32(), Ok(total as i32 - 4));
    let read = FetchResponse::decode(&mut r, 12).unwrap();
    let records = &read.responses[0].partitions[1].records;
    assert_eq!(records, &Some(Records::Bytes(Bytes::from_static(b"78901"))));
}

#[test]
fn only_long_byte_fields_are_shared() {
    let pieces = |length| {
        let auth_bytes = Bytes::from(vec![7; length]);
        frame(&SaslAuthenticateRequest { auth_bytes, ..Default::default() }, 2).pieces.len()
    };
    assert_eq!(pieces(100), 1);
    assert_eq!(pieces(4096), 3);
}

#[test]
fn tagged_fields_with_their_default_are_left_out() {
    let default = FetchRequest::default();
    assert_eq!(bytes(&default, 12).last(), Some(&0));
    let cluster_id = Some(Str::from("c"));
    let set = bytes(&FetchRequest { cluster_id, ..default }, 12);
    assert_eq!(set[set.len() - 5..], [1, 0, 2, 2, b'c']);
}

#[test]
fn unknown_tagged_fields_are_kept_in_order() {
    let unknown = |tags: &[u32]| {
        let mut fields = TaggedFields::new();
        for &tag in tags {
            fields.push(tag, Bytes::from_static(b"value"));
        }
        fields
    };
    // Tag 1 is known from version 15 on only.
    let request = FetchRequest {
        replica_id: -1,
        cluster_id: Some(Str::from("c")),
        unknown_tagged_fields: unknown(&[1, 200]),
        ..Default::default()
    };
    let written = bytes(&request, 12);
    assert_eq!(decode(written, 12), Ok(request.clone()));

    let taken = FetchRequest {
        replica_state: wire::messages::fetch_request::ReplicaState {
            replica_id: 1,
            ..Default::default()
        },
        ..request.clone()
    };
    assert_eq!(encode(&taken, 15), Err(EncodeError::TagTaken(1)));
    assert_eq!(
        encode(&FetchRequest { cluster_id: None, ..request }, 11),
        Err(EncodeError::TagsNotSupported)
    );

    // More fields than one byte can count, the longest longer than one byte can say.
    let mut many = unknown(&(100..300).collect::<Vec<u32>>());
    many.push(300, Bytes::from(vec![1; 20_000]));
    let request = MetadataRequest { unknown_tagged_fields: many, ..Default::default() };
    let mut r = Reader::with_budget(bytes(&request, 9), 1 << 20);
    assert_eq!(MetadataRequest::decode(&mut r, 9), Ok(request));
}

#[test]
fn fields_that_matter_are_not_dropped_silently() {
    let reason = JoinGroupRequest { reason: Some("why".into()), ..Default::default() };
    assert_eq!(encode(&reason, 7), Ok(()), "ignorable");
    let instance = JoinGroupRequest { group_instance_id: Some("i".into()), ..Default::default() };
    let refused = EncodeError::UnsupportedField {
        structure: "JoinGroupRequest",
        field: "group_instance_id",
        version: 4,
    };
    assert_eq!(encode(&instance, 4), Err(refused));
    let all = MetadataRequest { topics: None, ..Default::default() };
    assert!(matches!(encode(&all, 0), Err(EncodeError::UnexpectedNull { field: "topics", .. })));
    let long = DeleteTopicsRequest {
        topic_names: vec![Str::from("x".repeat(40_000))],
        ..Default::default()
    };
    assert_eq!(encode(&long, 5), Err(EncodeError::TooLong(40_000)));
    assert_eq!(
        encode(&all, 99),
        Err(EncodeError::UnsupportedVersion { message: "MetadataRequest", version: 99 })
    );
}

#[test]
fn a_struct_that_may_be_null_has_a_marker() {
    let none = DescribeTopicPartitionsRequest::default();
    let cursor = describe_topic_partitions_request::Cursor::default();
    let some = DescribeTopicPartitionsRequest { cursor: Some(cursor), ..none.clone() };
    assert_eq!(bytes(&none, 0)[..], [1, 0, 0, 0x07, 0xd0, 0xff, 0]);
    assert_eq!(bytes(&some, 0)[..], [1, 0, 0, 0x07, 0xd0, 1, 1, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn bytes_that_break_the_rules_are_refused() {
    let metadata = |bytes: &'static [u8], version| decode::<MetadataRequest>(bytes, version);
    // An array that is never null in version 0; as a bool, 2 is true.
    let null = DecodeError::UnexpectedNull { position: 4 };
    assert_eq!(metadata(&[0xff; 4], 0), Err(null));
    let read = metadata(&[0xff, 0xff, 0xff, 0xff, 2], 4).unwrap();
    assert_eq!((read.topics, read.allow_auto_topic_creation), (None, true));

    let length = DecodeError::InvalidLength { length: -2, position: 4 };
    assert_eq!(metadata(&[0xff, 0xff, 0xff, 0xfe], 1), Err(length));
    let string = DecodeError::InvalidLength { length: -2, position: 6 };
    assert_eq!(metadata(&[0, 0, 0, 1, 0xff, 0xfe], 1), Err(string));
    let utf8 = DecodeError::InvalidUtf8 { position: 8 };
    assert_eq!(metadata(&[0, 0, 0, 1, 0, 2, 0xc3, 0x28], 1), Err(utf8));
    let claim = DecodeError::ArrayTooLong { count: 0x7fff_ffff, remaining: 2, position: 4 };
    assert_eq!(metadata(&[0x7f, 0xff, 0xff, 0xff, 0, 0], 1), Err(claim));
    assert_eq!(metadata(&[0, 0, 0, 0, 9], 1), Err(DecodeError::TrailingBytes { count: 1 }));
    assert!(matches!(metadata(&[0, 0], 1), Err(DecodeError::Truncated { wanted: 4, .. })));
    let unsupported = DecodeError::UnsupportedVersion { message: "MetadataRequest", version: -1 };
    assert_eq!(metadata(&[], -1), Err(unsupported));

    // A tagged field that says it is longer than it is.
    let mut wrong =
        bytes(&FetchRequest { cluster_id: Some("c".into()), ..Default::default() }, 12).to_vec();
    let end = wrong.len();
    wrong[end - 3] = 3;
    wrong.push(0);
    assert_eq!(decode::<FetchRequest>(wrong, 12), Err(DecodeError::TagSize { tag: 0 }));
}

#[test]
fn defaults_are_the_definitions() {
    let request = FetchRequest::default();
    assert_eq!((request.max_bytes, request.session_epoch), (i32::MAX, -1));
    assert!(MetadataRequest::default().allow_auto_topic_creation);
    let topic = metadata_request::MetadataRequestTopic::default();
    assert_eq!((topic.topic_id, topic.name), (Uuid::ZERO, Some(Str::new())));
}
