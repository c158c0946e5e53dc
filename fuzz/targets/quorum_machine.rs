//! The quorum machine under requests and answers that no sane peer would send: it may refuse or
//! halt, but neither panic nor spin.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use quorum::message::{
    AddVoterRequest, BatchSummary, BeginQuorumEpochRequest, EndQuorumEpochRequest, EpochResponse,
    FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    FetchedRecords, KnownHighWatermark, LeaderHint, PieceContent, RemoveVoterRequest, Request,
    RequestId, Response, SnapshotPiece, Token, UpdateVoterRequest, VoteRequest, VoteResponse,
};
use quorum::{
    Command, Config, Endpoint, Event, KRaftVersions, LogView, Machine, Membership, Now,
    OffsetAndEpoch, Random, Refusal, ReplicaKey, SendFailure, Stored, Timeouts, Voter, VoterSet,
};
use wire::Uuid;

/// Numbers from the input: small ones mostly, extreme ones sometimes.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn long(&mut self) -> i64 {
        match self.byte() {
            255 => i64::MAX,
            254 => i64::MIN,
            253 => i64::MAX - 1,
            252 => -1,
            small => i64::from(small),
        }
    }

    fn int(&mut self) -> i32 {
        match self.byte() {
            255 => i32::MAX,
            254 => i32::MIN,
            253 => i32::MAX - 1,
            252 => -1,
            small => i32::from(small),
        }
    }

    fn unsigned(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => u64::MAX - 1,
            small => u64::from(small),
        }
    }

    fn pair(&mut self) -> OffsetAndEpoch {
        OffsetAndEpoch::new(self.long(), self.int())
    }

    fn key(&mut self) -> ReplicaKey {
        let id = self.int() % 5;
        ReplicaKey::new(id, if self.flag() { directory(id) } else { Uuid::ZERO })
    }

    fn hint(&mut self) -> LeaderHint {
        let leader = Some(self.int()).filter(|id| *id >= 0);
        let endpoint = self.flag().then(|| endpoint(1));
        LeaderHint { epoch: self.int(), leader, endpoint }
    }

    fn result<T>(&mut self, value: T) -> Result<T, Refusal> {
        match self.byte() % 8 {
            0 => Err(Refusal::FencedLeaderEpoch),
            1 => Err(Refusal::NotLeaderOrFollower),
            2 => Err(Refusal::SnapshotNotFound),
            _ => Ok(value),
        }
    }
}

impl Random for Input<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { u64::from(self.byte()) % bound }
    }
}

fn directory(id: i32) -> Uuid {
    Uuid([id as u8; 16])
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { name: "CONTROLLER".into(), host: "host".into(), port }
}

fn voter(key: ReplicaKey) -> Voter {
    let endpoints = vec![endpoint(key.id as u16)];
    Voter { key, endpoints, kraft_versions: KRaftVersions::SUPPORTED }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let voters = 1 + i32::from(input.byte() % 3);
    let is_dynamic = input.flag();
    let mut now = Now { ms: 0, wall_ms: 0 };
    let mut machine = machine(voters, is_dynamic, now, &mut input);
    let mut last_request = 0;
    for token in 0..200 {
        if input.0.is_empty() {
            return;
        }
        let event = event(&mut input, token, last_request, &machine);
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for command in machine.handle(event, now, &mut input) {
                match command {
                    Command::Send { request_id, .. } => last_request = request_id.0,
                    Command::InstallSnapshot { id } => events.push(Event::SnapshotUnsound { id }),
                    _ => {}
                }
            }
        }
        let is_at_rest = machine.next_deadline().is_none_or(|deadline| deadline > now.ms);
        assert!(is_at_rest, "at {} it would spin: {machine:?}", now.ms);
        now.ms += u64::from(input.byte()) * 10;
    }
});

fn machine(voters: i32, is_dynamic: bool, now: Now, input: &mut Input<'_>) -> Machine {
    let config = Config {
        local: ReplicaKey::new(1, directory(1)),
        can_be_voter: true,
        endpoints: vec![endpoint(1)],
        listener: "CONTROLLER".into(),
        bootstrap_servers: vec![endpoint(2)],
        auto_join: true,
        timeouts: Timeouts::default(),
        fetch_max_bytes: 1_000,
        fetch_snapshot_max_bytes: 10,
    };
    let keys = (1..=voters).map(|id| match is_dynamic {
        true => ReplicaKey::new(id, directory(id)),
        false => ReplicaKey::without_directory(id),
    });
    let set: VoterSet = keys.map(voter).collect();
    let mut membership =
        Membership::new(if is_dynamic { VoterSet::default() } else { set.clone() });
    if is_dynamic {
        membership.reset(0, 1, Some(set));
    }
    let log = LogView::new(0, 0, Vec::new(), []);
    Machine::new(config, Stored { membership, log, ..Stored::default() }, now, input)
}

fn event(input: &mut Input<'_>, token: u64, last_request: u64, machine: &Machine) -> Event {
    match input.byte() % 8 {
        0 => Event::Tick,
        1 => Event::Flushed { end_offset: machine.log().end_offset() },
        2 => Event::Append {
            token: Token(token),
            epoch: input.int(),
            record_count: u32::from(input.byte()),
        },
        3 | 4 => Event::Request { token: Token(token), request: request(input) },
        _ => {
            let back = u64::from(input.byte() % 3);
            let request_id = RequestId(last_request.saturating_sub(back));
            let failure = input.byte();
            let outcome = match failure {
                0 => Err(SendFailure::Unreachable),
                1 => Err(SendFailure::UnsupportedVersion),
                _ => Ok(response(input, machine)),
            };
            Event::Response { request_id, outcome }
        }
    }
}

fn request(input: &mut Input<'_>) -> Request {
    match input.byte() % 8 {
        0 => Request::Vote(VoteRequest {
            voter: input.flag().then(|| input.key()),
            candidate: input.key(),
            epoch: input.int(),
            log_end: input.pair(),
            pre_vote: input.flag(),
        }),
        1 => Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
            voter: None,
            leader: input.int(),
            epoch: input.int(),
            endpoints: if input.flag() { vec![endpoint(1)] } else { Vec::new() },
        }),
        2 => Request::EndQuorumEpoch(EndQuorumEpochRequest {
            leader: input.int(),
            epoch: input.int(),
            preferred: vec![input.key()],
            endpoints: vec![endpoint(1)],
        }),
        3 => Request::Fetch(FetchRequest {
            replica: input.key(),
            epoch: input.int(),
            offset: input.long(),
            last_fetched_epoch: input.int(),
            high_watermark: KnownHighWatermark::At(input.long()),
            max_wait_ms: input.unsigned() as u32,
            max_bytes: input.unsigned() as u32,
        }),
        4 => Request::FetchSnapshot(FetchSnapshotRequest {
            replica: input.key(),
            epoch: input.int(),
            snapshot: input.pair(),
            position: input.long(),
            max_bytes: input.unsigned() as u32,
        }),
        5 => Request::AddVoter(AddVoterRequest {
            voter: input.key(),
            endpoints: vec![endpoint(1)],
            timeout_ms: input.unsigned() as u32,
            ack_when_committed: input.flag(),
        }),
        6 => Request::RemoveVoter(RemoveVoterRequest { voter: input.key() }),
        _ => {
            let (epoch, voter) = (input.int(), voter(input.key()));
            Request::UpdateVoter(UpdateVoterRequest { epoch, voter })
        }
    }
}

fn response(input: &mut Input<'_>, machine: &Machine) -> Response {
    let hint = input.hint();
    match input.byte() % 7 {
        0 => {
            let granted = input.flag();
            Response::Vote(VoteResponse { granted: input.result(granted), hint })
        }
        1 => Response::BeginQuorumEpoch(EpochResponse { result: input.result(()), hint }),
        2 => Response::EndQuorumEpoch(EpochResponse { result: input.result(()), hint }),
        3 => Response::SupportedVersions(Some(KRaftVersions { min: 0, max: 1 })),
        4 => {
            let (snapshot, size) = (input.pair(), input.unsigned());
            let position = input.unsigned();
            let bytes = vec![0; usize::from(input.byte())];
            let content = PieceContent::Bytes(Bytes::from(bytes));
            let piece = SnapshotPiece { snapshot, size, position, content };
            Response::FetchSnapshot(FetchSnapshotResponse { result: input.result(piece), hint })
        }
        _ => {
            let outcome = match input.byte() % 4 {
                0 => FetchOutcome::Diverging(input.pair()),
                1 => FetchOutcome::Snapshot(input.pair()),
                kind => {
                    // Mostly what continues the log.
                    let end = machine.log().end_offset();
                    let base_offset = if kind == 2 { end } else { input.long() };
                    let last_offset = base_offset.wrapping_add(input.long());
                    let (epoch, control) = (input.int(), Vec::new());
                    let batch = BatchSummary { base_offset, last_offset, epoch, control };
                    let bytes = Bytes::from_static(b"batch");
                    FetchOutcome::Records(FetchedRecords { bytes, batches: vec![batch] })
                }
            };
            let high_watermark = Some(input.long()).filter(|offset| *offset >= 0);
            Response::Fetch(FetchResponse {
                result: input.result(outcome),
                hint,
                high_watermark,
                log_start_offset: input.long(),
            })
        }
    }
}
