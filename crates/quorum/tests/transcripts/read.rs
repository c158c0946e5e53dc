//! Events from text.

use quorum::message::{
    AddVoterRequest, BatchSummary, BeginQuorumEpochRequest, EndQuorumEpochRequest, EpochResponse,
    FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    FetchedRecords, KnownHighWatermark, LeaderHint, PieceContent, RemoveVoterRequest, Request,
    RequestId, Response, SnapshotPiece, Token, UpdateVoterRequest, VoteRequest, VoteResponse,
};
use quorum::{
    BOOTSTRAP_SNAPSHOT, Config, ControlRecord, ElectionState, Endpoint, EpochStart, Event,
    KRaftVersions, LogView, Machine, Membership, NodeId, Offset, OffsetAndEpoch, Refusal,
    ReplicaKey, SendFailure, SnapshotId, Stored, Timeouts, Voter, VoterSet,
};
use wire::{Bytes, Uuid};

/// The words of a line, some of them names with the word behind as their value.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        Self(line.split_whitespace().collect())
    }

    /// Whether the word is there.
    fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    /// The word behind `name`.
    fn get(&self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|word| *word == name)?;
        self.0.get(at + 1).copied()
    }

    fn text(&self, name: &str) -> &'a str {
        self.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> T {
        number(self.text(name))
    }

    fn number_or<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.get(name).map_or(default, number)
    }

    fn ids(&self, name: &str) -> Vec<NodeId> {
        self.get(name).map(|ids| ids.split(',').map(number).collect()).unwrap_or_default()
    }

    fn pair(&self, name: &str) -> OffsetAndEpoch {
        pair(self.text(name))
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.trim_start_matches('#').parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}

fn pair(text: &str) -> OffsetAndEpoch {
    let (offset, epoch) = text.split_once('@').expect("offset@epoch");
    OffsetAndEpoch::new(number(offset), number(epoch))
}

fn key(id: NodeId) -> ReplicaKey {
    if id < 0 {
        return ReplicaKey::without_directory(id);
    }
    ReplicaKey::new(id, Uuid([id as u8; 16]))
}

fn endpoint(id: NodeId) -> Endpoint {
    Endpoint { name: "CONTROLLER".into(), host: "host".into(), port: 9_000 + id as u16 }
}

fn voter(key: ReplicaKey) -> Voter {
    let endpoints = vec![endpoint(key.id)];
    Voter { key, endpoints, kraft_versions: KRaftVersions::SUPPORTED }
}

/// `machine 1 static 1,2,3`, or `dynamic 1,2,3` (from a bootstrap snapshot), then as wished
/// `epoch E leader L voted V`, `log START..END epochs E@OFFSET,...`, `snapshot OFFSET@EPOCH`,
/// `bootstrap ID` (a server to ask), `observer`, `auto-join`.
pub(crate) fn setup(line: &str) -> (Config, Stored) {
    let words = Words::of(line);
    let id: NodeId = number(words.0[0]);
    let config = Config {
        local: key(id),
        can_be_voter: !words.has("observer"),
        endpoints: vec![endpoint(id)],
        listener: "CONTROLLER".into(),
        bootstrap_servers: words.ids("bootstrap").into_iter().map(endpoint).collect(),
        auto_join: words.has("auto-join"),
        timeouts: Timeouts::default(),
        fetch_max_bytes: 1_000,
        fetch_snapshot_max_bytes: 10,
    };
    let static_voters = words.ids("static");
    let static_voters = static_voters.into_iter().map(ReplicaKey::without_directory).map(voter);
    let mut membership = Membership::new(static_voters.collect());
    let mut snapshots = Vec::new();
    let dynamic = words.ids("dynamic");
    if !dynamic.is_empty() {
        let set: VoterSet = dynamic.into_iter().map(key).map(voter).collect();
        let at = words.get("snapshot").map_or(0, |id| pair(id).offset);
        membership.reset(at, 1, Some(set));
        if at == 0 {
            snapshots.push((BOOTSTRAP_SNAPSHOT, 25));
        }
    }
    snapshots.extend(words.get("snapshot").map(|id| (pair(id), 25)));
    let (start, end) = words.get("log").map_or((0, 0), |log| {
        let (start, end) = log.split_once("..").expect("start..end");
        (number(start), number(end))
    });
    let epochs = words.get("epochs").map(|epochs| {
        epochs.split(',').map(|epoch| {
            let (epoch, start_offset) = epoch.split_once('@').expect("epoch@offset");
            EpochStart { epoch: number(epoch), start_offset: number(start_offset) }
        })
    });
    let log = LogView::new(start, end, epochs.into_iter().flatten().collect(), snapshots);
    let election = ElectionState {
        epoch: words.number_or("epoch", 0),
        leader: words.get("leader").map(number),
        voted: words.get("voted").map(|id| key(number(id))),
    };
    (config, Stored { election, log, membership })
}

pub(crate) fn event(line: &str, machine: &Machine) -> Event {
    let words = Words::of(line);
    match words.0[0] {
        "tick" => Event::Tick,
        "append" => Event::Append {
            token: Token(words.number("data")),
            epoch: words.number("epoch"),
            record_count: words.number_or("count", 1),
        },
        "flushed" => {
            Event::Flushed { end_offset: words.number_or("to", machine.log().end_offset()) }
        }
        "resign" => Event::Resign { epoch: words.number("epoch") },
        "shutdown" => Event::Shutdown { timeout_ms: words.number("within") },
        "upgrade" => Event::UpgradeKRaftVersion {
            token: Token(words.number("upgrade")),
            epoch: machine.election().epoch,
            version: words.number("version"),
            validate_only: words.has("validate"),
        },
        "wrote" => Event::SnapshotWritten { id: words.pair("snapshot"), size: 25 },
        "installed" => installed(&words),
        "unsound" => Event::SnapshotUnsound { id: words.pair("snapshot") },
        "log-start" => Event::LogStartMoved {
            start_offset: words.number("log-start"),
            oldest_snapshot: words.pair("snapshot"),
        },
        "answer" => Event::Response {
            request_id: RequestId(words.number("answer")),
            outcome: Ok(response(&words)),
        },
        "fail" => Event::Response {
            request_id: RequestId(words.number("fail")),
            outcome: Err(failure(&words)),
        },
        "request" => Event::Request {
            token: Token(words.number("request")),
            request: request(&words, machine),
        },
        other => panic!("{other} is not an event"),
    }
}

fn installed(words: &Words<'_>) -> Event {
    let voters = words.ids("voters");
    let set: VoterSet = voters.iter().copied().map(key).map(voter).collect();
    Event::SnapshotInstalled {
        id: words.pair("snapshot"),
        size: 25,
        kraft_version: i16::from(!voters.is_empty()),
        voters: (!voters.is_empty()).then_some(set),
    }
}

fn failure(words: &Words<'_>) -> SendFailure {
    if words.has("unsupported") {
        SendFailure::UnsupportedVersion
    } else {
        SendFailure::Unreachable
    }
}

fn request(words: &Words<'_>, machine: &Machine) -> Request {
    let epoch = words.number_or("epoch", machine.election().epoch);
    let from: NodeId = words.number_or("from", -1);
    match words.0[2] {
        kind @ ("vote" | "pre-vote") => Request::Vote(VoteRequest {
            voter: words.get("meant-for").map(|id| key(number(id))),
            candidate: key(from),
            epoch,
            log_end: words.pair("log"),
            pre_vote: kind == "pre-vote",
        }),
        "begin" => Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
            voter: words.get("meant-for").map(|id| key(number(id))),
            leader: from,
            epoch,
            endpoints: vec![endpoint(from)],
        }),
        "end" => Request::EndQuorumEpoch(EndQuorumEpochRequest {
            leader: from,
            epoch,
            preferred: words.ids("preferred").into_iter().map(key).collect(),
            endpoints: vec![endpoint(from)],
        }),
        "fetch" => {
            let at = words.pair("at");
            Request::Fetch(FetchRequest {
                replica: key(from),
                epoch,
                offset: at.offset,
                last_fetched_epoch: at.epoch,
                high_watermark: match words.get("knows") {
                    None => KnownHighWatermark::Untold,
                    Some("none") => KnownHighWatermark::Unknown,
                    Some(offset) => KnownHighWatermark::At(number(offset)),
                },
                max_wait_ms: words.number_or("wait", 500),
                max_bytes: words.number_or("max", 100),
            })
        }
        "fetch-snapshot" => Request::FetchSnapshot(FetchSnapshotRequest {
            replica: key(from),
            epoch,
            snapshot: words.pair("snapshot"),
            position: words.number("byte"),
            max_bytes: 100,
        }),
        "add" => Request::AddVoter(AddVoterRequest {
            voter: key(words.number("add")),
            endpoints: vec![endpoint(words.number("add"))],
            timeout_ms: words.number_or("within", 5_000),
            ack_when_committed: !words.has("ack-early"),
        }),
        "remove" => Request::RemoveVoter(RemoveVoterRequest { voter: key(words.number("remove")) }),
        "update" => {
            let mut voter = voter(key(words.number("update")));
            voter.endpoints[0].port = words.number_or("port", voter.endpoints[0].port);
            Request::UpdateVoter(UpdateVoterRequest { epoch, voter })
        }
        "describe" => Request::Describe,
        other => panic!("{other} is not a request"),
    }
}

fn refusal(words: &Words<'_>) -> Option<Refusal> {
    Some(match words.get("refused")? {
        "fenced" => Refusal::FencedLeaderEpoch,
        "unknown-epoch" => Refusal::UnknownLeaderEpoch,
        "not-leader" => Refusal::NotLeaderOrFollower,
        "snapshot-not-found" => Refusal::SnapshotNotFound,
        other => panic!("{other} is not a refusal"),
    })
}

fn response(words: &Words<'_>) -> Response {
    let leader: Option<NodeId> = words.get("leader").map(number);
    let hint = LeaderHint {
        epoch: words.number_or("epoch", 0),
        leader,
        endpoint: leader.filter(|_| !words.has("nowhere")).map(endpoint),
    };
    let refusal = refusal(words);
    let high_watermark: Option<Offset> = words.get("committed").map(number);
    let fetch = |outcome: Option<FetchOutcome>| {
        let result = outcome.map_or_else(|| Err(refusal.expect("a refusal")), Ok);
        Response::Fetch(FetchResponse {
            result,
            hint: hint.clone(),
            high_watermark,
            log_start_offset: 0,
        })
    };
    match words.0[2] {
        "vote" => {
            let granted = refusal.map_or(Ok(words.has("granted")), Err);
            Response::Vote(VoteResponse { granted, hint })
        }
        "begin" => {
            let result = refusal.map_or(Ok(()), Err);
            Response::BeginQuorumEpoch(EpochResponse { result, hint })
        }
        "end" => {
            let result = refusal.map_or(Ok(()), Err);
            Response::EndQuorumEpoch(EpochResponse { result, hint })
        }
        "records" => fetch(Some(FetchOutcome::Records(records(words)))),
        "diverging" => fetch(Some(FetchOutcome::Diverging(words.pair("diverging")))),
        "snapshot" => fetch(Some(FetchOutcome::Snapshot(words.pair("snapshot")))),
        "fetch" => fetch(None),
        "piece" => {
            let result = match refusal {
                Some(refusal) => Err(refusal),
                None => Ok(piece(words)),
            };
            Response::FetchSnapshot(FetchSnapshotResponse { result, hint })
        }
        "versions" => Response::SupportedVersions(Some(KRaftVersions {
            min: words.number("from"),
            max: words.number("to"),
        })),
        other => panic!("{other} is not an answer"),
    }
}

/// `records 10..13@2,13..14@3`, and `voters 1,2` if the last one is a set of voters.
fn records(words: &Words<'_>) -> FetchedRecords {
    let text = words.text("records");
    let mut batches: Vec<BatchSummary> = Vec::new();
    for batch in text.split(',').filter(|batch| *batch != "none") {
        let (range, epoch) = batch.split_once('@').expect("range@epoch");
        let (base, next) = range.split_once("..").expect("base..next");
        batches.push(BatchSummary {
            base_offset: number(base),
            last_offset: number::<Offset>(next) - 1,
            epoch: number(epoch),
            control: Vec::new(),
        });
    }
    let voters = words.ids("voters");
    if let Some(last) = batches.last_mut()
        && !voters.is_empty()
    {
        let set = voters.into_iter().map(key).map(voter).collect();
        last.control.push((last.last_offset, ControlRecord::Voters(set)));
    }
    FetchedRecords { bytes: Bytes::copy_from_slice(text.as_bytes()), batches }
}

fn piece(words: &Words<'_>) -> SnapshotPiece {
    let len: usize = words.number("bytes");
    SnapshotPiece {
        snapshot: words.get("of").map_or(SnapshotId::new(0, 0), pair),
        size: words.number_or("size", 25),
        position: words.number("byte"),
        content: PieceContent::Bytes(Bytes::from(vec![7; len])),
    }
}
