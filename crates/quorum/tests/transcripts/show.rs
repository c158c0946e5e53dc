//! Commands as text.

use quorum::message::{
    ChangeResponse, FetchOutcome, FetchResponse, KnownHighWatermark, LeaderHint, PieceContent,
    Request, Response,
};
use quorum::{Command, ControlRecord, NodeId, QuorumDescription, Voter, VoterSet};

pub(crate) fn command(command: &Command) -> String {
    match command {
        Command::PersistElection { election, kraft_version, .. } => {
            let leader = or_nobody(election.leader);
            let voted = election.voted.map_or("nobody".to_owned(), |key| key.id.to_string());
            let epoch = election.epoch;
            format!("persist epoch {epoch} leader {leader} voted {voted} version {kraft_version}")
        }
        Command::AppendControl { base_offset, epoch, records } => {
            let records: Vec<String> = records.iter().map(control).collect();
            format!("append at {base_offset} epoch {epoch}: {}", records.join(", "))
        }
        Command::AppendData { token, base_offset, epoch } => {
            format!("append at {base_offset} epoch {epoch}: data {}", token.0)
        }
        Command::RejectAppend { token, refusal } => format!("reject data {}: {refusal}", token.0),
        Command::AppendFetched { base_offset, .. } => format!("append fetched at {base_offset}"),
        Command::Truncate { end_offset } => format!("truncate to {end_offset}"),
        Command::Reply { token, response } => format!("reply {}: {}", token.0, reply(response)),
        Command::Send { request_id, to, request: sent } => {
            format!("send #{} to {} at {}: {}", request_id.0, to.id, to.endpoint, request(sent))
        }
        Command::WriteSnapshotPiece { id, position, bytes } => {
            format!("write {} bytes of snapshot {id} at {position}", bytes.len())
        }
        Command::InstallSnapshot { id } => format!("install snapshot {id}"),
        Command::LeaderChanged { epoch, leader } => {
            format!("leader of epoch {epoch} is {}", or_nobody(*leader))
        }
        Command::HighWatermarkAdvanced { high_watermark } => {
            format!("high watermark {high_watermark}")
        }
        Command::Upgraded { token, result } => match result {
            Ok(offset) => format!("upgraded {} at {offset}", token.0),
            Err(refusal) => format!("not upgraded {}: {refusal}", token.0),
        },
        Command::ShutdownComplete => "shutdown complete".to_owned(),
        Command::Halt(violation) => format!("halt: {violation}"),
    }
}

fn or_nobody(id: Option<NodeId>) -> String {
    id.map_or("nobody".to_owned(), |id| id.to_string())
}

fn ids(ids: impl IntoIterator<Item = NodeId>) -> String {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(",")
}

fn voters(set: &VoterSet) -> String {
    let voter = |voter: &Voter| {
        let ports = voter.endpoints.iter().map(|e| e.port.to_string()).collect::<Vec<_>>();
        format!("{}:{}", voter.key.id, ports.join("/"))
    };
    set.iter().map(voter).collect::<Vec<_>>().join(",")
}

fn control(record: &ControlRecord) -> String {
    match record {
        ControlRecord::LeaderChange { leader, voters, granting } => {
            let (voters, granting) = (ids(voters.clone()), ids(granting.clone()));
            format!("leader change {leader} voters {voters} granting {granting}")
        }
        ControlRecord::KRaftVersion(version) => format!("kraft version {version}"),
        ControlRecord::Voters(set) => format!("voters {}", voters(set)),
    }
}

fn request(request: &Request) -> String {
    match request {
        Request::Vote(vote) => {
            let kind = if vote.pre_vote { "pre-vote" } else { "vote" };
            format!("{kind} epoch {} log {}", vote.epoch, vote.log_end)
        }
        Request::BeginQuorumEpoch(begin) => format!("begin epoch {}", begin.epoch),
        Request::EndQuorumEpoch(end) => {
            let preferred = ids(end.preferred.iter().map(|key| key.id));
            format!("end epoch {} preferred {preferred}", end.epoch)
        }
        Request::Fetch(fetch) => {
            let known = match fetch.high_watermark {
                KnownHighWatermark::Untold => "untold".to_owned(),
                KnownHighWatermark::Unknown => "unknown".to_owned(),
                KnownHighWatermark::At(offset) => offset.to_string(),
            };
            let at = format!("{}@{}", fetch.offset, fetch.last_fetched_epoch);
            format!("fetch epoch {} at {at} high watermark {known}", fetch.epoch)
        }
        Request::FetchSnapshot(fetch) => {
            format!("fetch snapshot {} from byte {}", fetch.snapshot, fetch.position)
        }
        Request::AddVoter(add) => format!("add voter {}", add.voter.id),
        Request::RemoveVoter(remove) => format!("remove voter {}", remove.voter.id),
        Request::UpdateVoter(update) => format!("update voter {}", update.voter.key.id),
        Request::SupportedVersions => "which versions".to_owned(),
        Request::Describe => "describe".to_owned(),
    }
}

fn hint(hint: &LeaderHint) -> String {
    format!("epoch {} leader {}", hint.epoch, or_nobody(hint.leader))
}

fn reply(response: &Response) -> String {
    match response {
        Response::Vote(vote) => {
            let granted = match vote.granted {
                Ok(true) => "granted".to_owned(),
                Ok(false) => "not granted".to_owned(),
                Err(refusal) => format!("refused: {refusal}"),
            };
            format!("{granted}; {}", hint(&vote.hint))
        }
        Response::BeginQuorumEpoch(epoch) | Response::EndQuorumEpoch(epoch) => {
            let result = epoch.result.map_or_else(|r| format!("refused: {r}"), |()| "ok".into());
            format!("{result}; {}", hint(&epoch.hint))
        }
        Response::Fetch(fetch) => fetched(fetch),
        Response::FetchSnapshot(fetch) => {
            let result = match &fetch.result {
                Ok(piece) => {
                    let PieceContent::Read { max_bytes } = piece.content else {
                        unreachable!("a machine does not read files")
                    };
                    let at = piece.position;
                    format!(
                        "{max_bytes} bytes of {} at byte {at} of {}",
                        piece.snapshot, piece.size
                    )
                }
                Err(refusal) => format!("refused: {refusal}"),
            };
            format!("{result}; {}", hint(&fetch.hint))
        }
        Response::AddVoter(change)
        | Response::RemoveVoter(change)
        | Response::UpdateVoter(change) => changed(change),
        Response::SupportedVersions(versions) => format!("versions {versions:?}"),
        Response::Describe(Ok(description)) => described(description),
        Response::Describe(Err(refusal)) => format!("refused: {refusal}"),
    }
}

fn fetched(fetch: &FetchResponse) -> String {
    let result = match &fetch.result {
        Ok(FetchOutcome::Read { offset, max_bytes }) => {
            format!("records from {offset}, {max_bytes} bytes")
        }
        Ok(FetchOutcome::Records(_)) => unreachable!("a machine does not read files"),
        Ok(FetchOutcome::Diverging(point)) => format!("diverging at {point}"),
        Ok(FetchOutcome::Snapshot(id)) => format!("snapshot {id}"),
        Err(refusal) => format!("refused: {refusal}"),
    };
    let known = fetch.high_watermark.map_or("unknown".to_owned(), |offset| offset.to_string());
    format!("{result}; high watermark {known}; {}", hint(&fetch.hint))
}

fn changed(change: &ChangeResponse) -> String {
    match &change.result {
        Ok(()) => "done".to_owned(),
        Err(refused) => format!("refused: {} ({})", refused.message, refused.refusal),
    }
}

fn described(description: &QuorumDescription) -> String {
    let states = |states: &[quorum::ReplicaState]| {
        let state = |s: &quorum::ReplicaState| {
            let times = format!("{}/{}", s.last_fetch_timestamp, s.last_caught_up_timestamp);
            format!("{} at {} {times}", s.key.id, s.log_end_offset)
        };
        states.iter().map(state).collect::<Vec<_>>().join(", ")
    };
    format!(
        "leader {} epoch {} high watermark {:?}; voters {}; observers {}",
        description.leader,
        description.epoch,
        description.high_watermark,
        states(&description.voters),
        states(&description.observers),
    )
}
