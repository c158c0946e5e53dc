//! Each of the machine's commands, done.

use bytes::Bytes;
use quorum::message::{FetchOutcome, PieceContent, Response, Token};
use quorum::{Command, ControlRecord, ElectionState, Event, SnapshotId};
use records::{BatchBuilder, Compression, batches};
use wire::Records;

use crate::control::{control_batch, to_stored};
use crate::door::{self, Payload};
use crate::error::{AppendError, Error};
use crate::mail::{Appended, Mail};
use crate::node::Node;
use crate::patience::Patience;
use crate::quorum_state::{self, QUORUM_STATE_FILE};
use crate::rpc::OutgoingRequest;

impl Node {
    /// Does one command to its end; what the machine has to know of the result comes back.
    pub(crate) async fn execute(&mut self, command: Command) -> Result<Option<Event>, Error> {
        match command {
            Command::PersistElection { election, kraft_version, voters } => {
                self.persist(election, kraft_version, voters).await?;
            }
            Command::AppendControl { base_offset, epoch, records } => {
                self.append_control(base_offset, epoch, &records).await?;
            }
            Command::AppendData { token, base_offset, epoch } => {
                self.append_data(token, base_offset, epoch).await?;
            }
            Command::RejectAppend { token, refusal: quorum::AppendRefusal::NotLeader } => {
                if let Some(append) = self.waiting.appends.remove(&token) {
                    // A caller that went away does not want to know.
                    let _ = append.answer.send(Err(AppendError::NotLeader { epoch: append.epoch }));
                }
            }
            Command::AppendFetched { bytes, .. } => {
                self.cycle.appended(bytes.len());
                self.append_fetched(&bytes).await?;
            }
            Command::Truncate { end_offset } => {
                tracing::info!(end_offset, "the metadata log is cut back to where the leader's is");
                self.log.truncate(end_offset)?;
            }
            Command::Reply { token, response } => self.reply(token, response)?,
            Command::Send { request_id, to, request } => {
                let cluster_id = self.settings.cluster_id.clone();
                let answer = self.sender.send(to, OutgoingRequest { request, cluster_id });
                let mailbox = self.mailbox.clone();
                self.env.spawn("quorum-request", async move {
                    let outcome = answer.await.and_then(door::response_from_wire);
                    // The node may have stopped meanwhile.
                    let _ = mailbox.send(Mail::Response { request_id, outcome }).await;
                });
            }
            Command::WriteSnapshotPiece { id, position, bytes } => {
                self.keep_piece(id, position, &bytes)?;
            }
            Command::InstallSnapshot { id } => return self.install(id).await.map(Some),
            Command::LeaderChanged { epoch, leader } => match leader {
                Some(leader) => tracing::info!(epoch, leader, "the quorum has a leader"),
                None => tracing::info!(epoch, "the quorum's leader is not known"),
            },
            // Everyone sees it in the status.
            Command::HighWatermarkAdvanced { .. } => {}
            Command::Upgraded { token, result } => {
                if let Some(answer) = self.waiting.upgrades.remove(&token) {
                    let _ = answer.send(result);
                }
            }
            // Taken out by the caller.
            Command::ShutdownComplete => {}
            Command::Halt(violation) => return Err(violation.into()),
        }
        Ok(None)
    }

    async fn persist(
        &self,
        election: ElectionState,
        kraft_version: i16,
        voters: Vec<i32>,
    ) -> Result<(), Error> {
        let path = self.log.path().join(QUORUM_STATE_FILE);
        let bytes = quorum_state::encode(&election, kraft_version, &voters);
        let files = self.env.files().clone();
        let write = move || files.write_atomically(&path, &bytes).map_err(Error::io(&path));
        self.env.blocking(write).await
    }

    async fn append_control(
        &mut self,
        base_offset: i64,
        epoch: i32,
        records: &[ControlRecord],
    ) -> Result<(), Error> {
        let records: Vec<_> = records.iter().map(to_stored).collect();
        let now_ms = self.env.clock().wall_ms();
        let batch = control_batch(base_offset, epoch, now_ms, &records)
            .map_err(|error| Error::corrupt_log(base_offset, error))?;
        self.cycle.appended(batch.len());
        self.append(&batch).await
    }

    async fn append_data(
        &mut self,
        token: Token,
        base_offset: i64,
        epoch: i32,
    ) -> Result<(), Error> {
        let append = self.waiting.appends.remove(&token);
        let Some(append) = append else { unreachable!("the machine appends what it was given") };
        let now_ms = self.env.clock().wall_ms();
        let mut batch =
            BatchBuilder::new(base_offset).partition_leader_epoch(epoch).codec(Compression::None);
        for record in &append.records {
            batch.push_key_value(now_ms, None, Some(record));
        }
        let last_offset = batch.next_offset() - 1;
        let batch = batch.build();
        self.cycle.appended(batch.len());
        self.append(&batch).await?;
        // A caller that went away does not want to know.
        let _ = append.answer.send(Ok(Appended { epoch, base_offset, last_offset }));
        Ok(())
    }

    async fn append(&mut self, batch: &Bytes) -> Result<(), Error> {
        let mut patience = Patience::default();
        loop {
            match self.log.append(batch) {
                Err(Error::Log(error)) if error.is_for_want_of_space() => {
                    patience.wait(&self.env, &error).await;
                }
                appended => return appended,
            }
        }
    }

    async fn append_fetched(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let epoch = self.machine.election().epoch;
        let mut patience = Patience::default();
        let mut rest = bytes.clone();
        loop {
            let before = self.log.end_offset();
            match self.log.append_fetched(&rest, epoch) {
                Err(Error::Log(error)) if error.is_for_want_of_space() => {
                    // Part of it may be in the log.
                    if self.log.end_offset() > before {
                        rest = without(&rest, self.log.end_offset())?;
                    }
                    patience.wait(&self.env, &error).await;
                }
                appended => return appended,
            }
        }
    }

    /// Answers, with the bytes the answer is to carry as a range of a file.
    fn reply(&mut self, token: Token, mut response: Response) -> Result<(), Error> {
        let Some(answer) = self.waiting.requests.remove(&token) else { return Ok(()) };
        let mut records = Records::default();
        match &mut response {
            Response::Fetch(fetch) => {
                if let Ok(FetchOutcome::Read { offset, max_bytes }) = fetch.result {
                    records = self.log.read(offset, max_bytes)?;
                }
            }
            Response::FetchSnapshot(fetch) => {
                if let Ok(piece) = &mut fetch.result
                    && let PieceContent::Read { max_bytes } = piece.content
                {
                    let len = (piece.size - piece.position).min(max_bytes.into());
                    let file = self.store.open(piece.snapshot)?;
                    records = file.range(piece.position, len).into();
                }
            }
            _ => {}
        }
        // Whoever asked may have gone away.
        let _ = answer.send(Payload { response, records });
        Ok(())
    }

    fn keep_piece(&mut self, id: SnapshotId, position: u64, bytes: &[u8]) -> Result<(), Error> {
        if position == 0 {
            tracing::info!(snapshot = %id, "downloading a snapshot of the metadata");
            self.download = Some(self.store.download(id)?);
        }
        match &mut self.download {
            Some(download) if download.id() == id => download.write(position, bytes),
            _ => Ok(()),
        }
    }

    async fn install(&mut self, id: SnapshotId) -> Result<Event, Error> {
        let Some(download) = self.download.take().filter(|download| download.id() == id) else {
            return Ok(Event::SnapshotUnsound { id });
        };
        let store = self.store.clone();
        match self.env.blocking(move || store.install(download)).await? {
            Ok((contents, size)) => {
                self.log.restart_at(id.offset)?;
                self.cycle.snapshot_taken(self.now().ms);
                let (kraft_version, voters) = (contents.kraft_version, contents.voters);
                Ok(Event::SnapshotInstalled { id, size, kraft_version, voters })
            }
            Err(error) => {
                tracing::warn!(snapshot = %id, "a downloaded snapshot is not sound: {error}");
                Ok(Event::SnapshotUnsound { id })
            }
        }
    }
}

/// The batches from `offset` on.
fn without(bytes: &Bytes, offset: i64) -> Result<Bytes, Error> {
    let mut position = 0;
    for batch in batches(bytes) {
        let batch = batch.map_err(|error| Error::corrupt_log(offset, error.to_string()))?;
        if batch.base_offset() >= offset {
            break;
        }
        position += batch.size();
    }
    Ok(bytes.slice(position..))
}
