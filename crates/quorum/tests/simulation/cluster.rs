//! Several replicas, their disks and the network between them.

use std::collections::BTreeMap;

use quorum::message::{
    AddVoterRequest, FetchOutcome, FetchedRecords, PieceContent, RemoveVoterRequest, Request,
    RequestId, Response, Token,
};
use quorum::{
    BOOTSTRAP_SNAPSHOT, Command, Config, ControlRecord, Endpoint, Event, KRaftVersions, Machine,
    NodeId, Now, ReplicaKey, SendFailure, Timeouts, Voter, VoterSet,
};
use wire::{Bytes, Uuid};

use crate::disk::{Batch, Content, Disk, SNAPSHOT_BYTES, Snapshot};
use crate::invariants::Invariants;
use crate::network::{Happening, Network, Schedule};
use crate::random::Rng;

/// A third of Kafka's defaults, so that more happens in a run.
const TIMEOUTS: Timeouts = Timeouts {
    election: 330,
    election_backoff_max: 330,
    fetch: 660,
    request: 660,
    retry_backoff: 20,
    fetch_wait_max: 160,
    change: 3_000,
    observer_session: 3_000,
};

/// Faults happen up to here, in virtual milliseconds; then everything has to heal.
const FAULTS_END: u64 = 9_000;
/// By then the quorum must work again.
const RUN_END: u64 = 15_000;
/// Events in one run, at most; more means that somebody spins.
const EVENTS_MAX: u64 = 300_000;

/// What a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) voters: i32,
    pub(crate) observers: i32,
    pub(crate) dynamic: bool,
    pub(crate) voter_changes: bool,
    pub(crate) snapshots: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { voters: 3, observers: 0, dynamic: false, voter_changes: false, snapshots: false }
    }
}

/// How often something happened that is worth a test.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) elections: u64,
    pub(crate) resignations: u64,
    pub(crate) truncations: u64,
    pub(crate) downloads: u64,
    pub(crate) voter_changes: u64,
}

impl Coverage {
    pub(crate) fn add(&mut self, other: Self) {
        self.elections += other.elections;
        self.resignations += other.resignations;
        self.truncations += other.truncations;
        self.downloads += other.downloads;
        self.voter_changes += other.voter_changes;
    }

    /// For a run of one seed, of which nothing is expected.
    pub(crate) fn everything() -> Self {
        let many = u64::MAX;
        Self {
            elections: many,
            resignations: many,
            truncations: many,
            downloads: many,
            voter_changes: many,
        }
    }
}

struct Replica {
    machine: Option<Machine>,
    disk: Disk,
    /// Counts its starts; what was meant for an earlier life is dropped.
    life: u32,
    tick_at: u64,
    next_token: u64,
    waiting: BTreeMap<Token, (NodeId, u32, RequestId)>,
    downloading: Vec<u8>,
}

pub(crate) struct Cluster {
    seed: u64,
    plan: Plan,
    rng: Rng,
    time: u64,
    schedule: Schedule,
    network: Network,
    replicas: BTreeMap<NodeId, Replica>,
    invariants: Invariants,
    /// What fetched bytes stand for.
    parcels: Vec<Vec<Batch>>,
    next_value: u64,
    coverage: Coverage,
}

fn key(id: NodeId) -> ReplicaKey {
    ReplicaKey::new(id, Uuid([id as u8 + 1; 16]))
}

fn endpoint(id: NodeId) -> Endpoint {
    Endpoint { name: "CONTROLLER".into(), host: format!("node-{id}"), port: 9093 }
}

fn voter(id: NodeId, dynamic: bool) -> Voter {
    let key = if dynamic { key(id) } else { ReplicaKey::without_directory(id) };
    Voter { key, endpoints: vec![endpoint(id)], kraft_versions: KRaftVersions::SUPPORTED }
}

impl Cluster {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let mut rng = Rng(seed);
        let set: VoterSet = (1..=plan.voters).map(|id| voter(id, plan.dynamic)).collect();
        let mut replicas = BTreeMap::new();
        for id in 1..=plan.voters + plan.observers {
            let mut disk = Disk::default();
            if plan.dynamic && id <= plan.voters {
                let snapshot = Snapshot { kraft_version: 1, voters: Some(set.clone()) };
                disk.snapshots.insert(BOOTSTRAP_SNAPSHOT, snapshot);
            }
            let replica = Replica {
                machine: None,
                disk,
                life: 0,
                tick_at: u64::MAX,
                next_token: 0,
                waiting: BTreeMap::new(),
                downloading: Vec::new(),
            };
            replicas.insert(id, replica);
        }
        let network = Network { loss: rng.below(15), ..Network::default() };
        Self {
            seed,
            plan,
            rng,
            time: 0,
            schedule: Schedule::default(),
            network,
            replicas,
            invariants: Invariants::default(),
            parcels: Vec::new(),
            next_value: 0,
            coverage: Coverage::default(),
        }
    }

    fn static_voters(&self) -> VoterSet {
        let voters = if self.plan.dynamic { 0 } else { self.plan.voters };
        (1..=voters).map(|id| voter(id, false)).collect()
    }

    fn now(&self) -> Now {
        Now { ms: self.time, wall_ms: 1_000_000 + self.time as i64 }
    }

    fn ids(&self) -> Vec<NodeId> {
        self.replicas.keys().copied().collect()
    }

    fn replica(&mut self, id: NodeId) -> &mut Replica {
        self.replicas.get_mut(&id).unwrap()
    }

    /// Faults first, then healing; at the end the quorum has to work.
    pub(crate) fn run(&mut self) -> Coverage {
        println!("seed {}: {:?}", self.seed, self.plan);
        for id in self.ids() {
            self.start(id);
        }
        for happening in [Happening::Fault, Happening::Load] {
            self.schedule.at(10, happening);
        }
        if self.plan.voter_changes {
            self.schedule.at(2_000, Happening::Change);
        }
        if self.plan.snapshots {
            self.schedule.at(500, Happening::Snapshot);
        }
        let mut events = 0;
        let mut committed_when_healed = None;
        while let Some((time, happening)) = self.schedule.next() {
            if time > RUN_END {
                break;
            }
            self.time = time;
            events += 1;
            assert!(events < EVENTS_MAX, "seed {}: somebody spins", self.seed);
            if time > FAULTS_END + 3_000 && committed_when_healed.is_none() {
                committed_when_healed = Some(self.invariants.committed_end());
            }
            self.happen(happening);
        }
        self.check_healed(committed_when_healed.unwrap_or(0));
        self.coverage
    }

    fn check_healed(&self, committed_before: i64) {
        let end = self.invariants.committed_end();
        for (id, replica) in &self.replicas {
            let Some(machine) = &replica.machine else { continue };
            let (role, election, log) = (machine.role_name(), machine.election(), machine.log());
            let voters: Vec<NodeId> = machine.voters().ids().collect();
            let committed = machine.high_watermark();
            println!("{id}: {role} {election:?} {} voters {voters:?} {committed:?}", log.end());
        }
        assert!(end > committed_before, "seed {}: nothing is committed any more", self.seed);
        for (id, replica) in &self.replicas {
            let high_watermark = replica.machine.as_ref().and_then(Machine::high_watermark);
            let lag = end - high_watermark.unwrap_or(0);
            assert!(lag < 20, "seed {}: node {id} lags {lag} behind {end}", self.seed);
        }
    }

    fn start(&mut self, id: NodeId) {
        let config = Config {
            local: key(id),
            can_be_voter: true,
            endpoints: vec![endpoint(id)],
            listener: "CONTROLLER".into(),
            bootstrap_servers: self.ids().into_iter().map(endpoint).collect(),
            auto_join: false,
            timeouts: TIMEOUTS,
            fetch_max_bytes: 1_000,
            fetch_snapshot_max_bytes: 10,
        };
        let (now, static_voters) = (self.now(), self.static_voters());
        self.invariants.restarts(id);
        let stored = self.replica(id).disk.load(static_voters);
        let machine = Machine::new(config, stored, now, &mut self.rng);
        let replica = self.replica(id);
        replica.machine = Some(machine);
        replica.life += 1;
        replica.waiting.clear();
        replica.tick_at = u64::MAX;
        self.handle(id, Event::Tick);
    }

    fn crash(&mut self, id: NodeId) {
        let replica = self.replica(id);
        replica.machine = None;
        replica.disk.crash();
        let downtime = self.rng.below(3_000);
        self.schedule.at(self.time + downtime, Happening::Restart { node: id });
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Request { from, life, request_id, to, request } => {
                self.receive(from, life, request_id, to, request);
            }
            Happening::Response { to, life, request_id, response } => {
                let outcome = response.ok_or(SendFailure::Unreachable);
                if self.lives(to, life) {
                    self.handle(to, Event::Response { request_id, outcome });
                }
            }
            Happening::Flush { node, life } if self.lives(node, life) => {
                let disk = &mut self.replica(node).disk;
                disk.durable = disk.end_offset();
                let end_offset = disk.durable;
                self.handle(node, Event::Flushed { end_offset });
            }
            Happening::Tick { node, life } if self.lives(node, life) => {
                if self.replica(node).tick_at == self.time {
                    self.replica(node).tick_at = u64::MAX;
                    self.handle(node, Event::Tick);
                }
            }
            Happening::Flush { .. } | Happening::Tick { .. } => {}
            Happening::Restart { node } => self.start(node),
            Happening::Fault => self.fault(),
            Happening::Load => self.load(),
            Happening::Change => self.change_voters(),
            Happening::Snapshot => self.snapshot(),
        }
    }

    fn lives(&self, id: NodeId, life: u32) -> bool {
        self.replicas.get(&id).is_some_and(|r| r.machine.is_some() && r.life == life)
    }

    fn fault(&mut self) {
        if self.time > FAULTS_END {
            self.network = Network::default();
            return;
        }
        let ids = self.ids();
        match self.rng.below(4) {
            0 => {
                let alive = |id: &NodeId| self.replicas[id].machine.is_some();
                let alive: Vec<NodeId> = ids.into_iter().filter(alive).collect();
                if let Some(id) = self.rng.pick(&alive) {
                    self.crash(id);
                }
            }
            1 => {
                let island = ids.into_iter().filter(|_| self.rng.chance(40)).collect();
                self.network.island = island;
            }
            2 => self.network.island.clear(),
            _ => self.network.loss = self.rng.below(30),
        }
        let pause = 50 + self.rng.below(1_500);
        self.schedule.at(self.time + pause, Happening::Fault);
    }

    /// Whoever leads (or believes so) appends something.
    fn load(&mut self) {
        for id in self.ids() {
            let Some(machine) = &self.replicas[&id].machine else { continue };
            if !machine.is_leader() {
                continue;
            }
            let epoch = machine.election().epoch - i32::from(self.rng.chance(2));
            self.next_value += 1;
            let (token, record_count) = (Token(self.next_value), 1 + self.rng.below(3) as u32);
            self.handle(id, Event::Append { token, epoch, record_count });
        }
        let pause = 20 + self.rng.below(200);
        self.schedule.at(self.time + pause, Happening::Load);
    }

    /// An administrator adds or removes a voter at whoever leads.
    fn change_voters(&mut self) {
        let id = self.rng.pick(&self.ids()).unwrap();
        let leaders = self.replicas.iter().filter_map(|(leader, replica)| {
            let machine = replica.machine.as_ref().filter(|machine| machine.is_leader())?;
            Some((*leader, machine.voters().get(id).is_some(), machine.voters().len()))
        });
        for (leader, is_voter, voters) in leaders.collect::<Vec<_>>() {
            let request = if is_voter && voters > 1 {
                Request::RemoveVoter(RemoveVoterRequest { voter: key(id) })
            } else {
                Request::AddVoter(AddVoterRequest {
                    voter: key(id),
                    endpoints: vec![endpoint(id)],
                    timeout_ms: 3_000,
                    ack_when_committed: self.rng.chance(50),
                })
            };
            let replica = self.replica(leader);
            replica.next_token += 1;
            let token = Token(replica.next_token);
            self.handle(leader, Event::Request { token, request });
        }
        if self.time < FAULTS_END {
            let pause = 200 + self.rng.below(2_000);
            self.schedule.at(self.time + pause, Happening::Change);
        }
    }

    /// Somebody writes a snapshot, and sometimes gives up the log before it.
    fn snapshot(&mut self) {
        let id = self.rng.pick(&self.ids()).unwrap();
        let offset = self.replicas[&id].machine.as_ref().and_then(|machine| {
            let committed = machine.high_watermark()?;
            let batches = self.replicas[&id].disk.batches.iter();
            batches.map(Batch::next_offset).rfind(|end| *end <= committed)
        });
        let machine = self.replicas[&id].machine.as_ref();
        let named = offset.and_then(|offset| machine?.snapshot_at(offset));
        if let Some((snapshot_id, kraft_version, voters)) = named {
            let disk = &mut self.replica(id).disk;
            disk.snapshots.insert(snapshot_id, Snapshot { kraft_version, voters });
            self.handle(id, Event::SnapshotWritten { id: snapshot_id, size: SNAPSHOT_BYTES });
            if self.rng.chance(70) {
                self.replica(id).disk.move_start(snapshot_id);
                let start_offset = self.replica(id).disk.start_offset;
                let event = Event::LogStartMoved { start_offset, oldest_snapshot: snapshot_id };
                self.handle(id, event);
            }
        }
        let pause = 100 + self.rng.below(1_000);
        self.schedule.at(self.time + pause, Happening::Snapshot);
    }

    fn receive(
        &mut self,
        from: NodeId,
        life: u32,
        request_id: RequestId,
        to: NodeId,
        request: Request,
    ) {
        let replica = self.replica(to);
        if replica.machine.is_none() {
            let happening = Happening::Response { to: from, life, request_id, response: None };
            self.schedule.at(self.time + 1, happening);
            return;
        }
        replica.next_token += 1;
        let token = Token(replica.next_token);
        replica.waiting.insert(token, (from, life, request_id));
        self.handle(to, Event::Request { token, request });
    }

    /// Hands an event to a replica and does what it says.
    fn handle(&mut self, id: NodeId, event: Event) {
        let now = self.now();
        let Some(machine) = self.replicas.get_mut(&id).unwrap().machine.as_mut() else { return };
        let commands = machine.handle(event, now, &mut self.rng);
        for command in commands {
            if let Some(event) = self.execute(id, command) {
                self.handle(id, event);
            }
        }
        let replica = self.replicas.get_mut(&id).unwrap();
        let Some(machine) = &replica.machine else { return };
        if machine.is_leader() {
            self.invariants.leads(id, machine.election().epoch, &replica.disk);
        }
        let (life, deadline) = (replica.life, machine.next_deadline());
        if let Some(deadline) = deadline
            && deadline < replica.tick_at
        {
            replica.tick_at = deadline.max(self.time);
            let at = replica.tick_at;
            self.schedule.at(at, Happening::Tick { node: id, life });
        }
    }

    fn append(&mut self, id: NodeId, batch: Batch) {
        self.invariants.wrote(&batch);
        let life = self.replica(id).life;
        self.replica(id).disk.append(batch);
        // Now and then a disk that takes its time, so that a crash finds something to lose.
        let slow = if self.rng.chance(20) { 300 } else { 8 };
        let at = self.time + self.rng.below(slow);
        self.schedule.at(at, Happening::Flush { node: id, life });
    }

    fn execute(&mut self, id: NodeId, command: Command) -> Option<Event> {
        match command {
            Command::PersistElection { election, .. } => {
                let old = self.replica(id).disk.election;
                assert!(old.epoch <= election.epoch, "node {id} goes back in epochs");
                let is_second_vote = old.epoch == election.epoch
                    && old.voted.is_some()
                    && election.voted.is_some()
                    && old.voted != election.voted;
                assert!(!is_second_vote, "node {id} votes twice in epoch {}", election.epoch);
                self.replica(id).disk.election = election;
            }
            Command::AppendControl { base_offset, epoch, records } => {
                match records[0] {
                    ControlRecord::LeaderChange { .. } => self.coverage.elections += 1,
                    _ => self.coverage.voter_changes += 1,
                }
                self.append(id, Batch { base_offset, epoch, content: Content::Control(records) });
            }
            Command::AppendData { token, base_offset, epoch } => {
                let end = self.replicas[&id].machine.as_ref()?.log().end_offset();
                let count = (end - base_offset) as u32;
                let content = Content::Data { count, value: token.0 };
                self.append(id, Batch { base_offset, epoch, content });
            }
            Command::AppendFetched { bytes, .. } => {
                let parcel = u64::from_be_bytes(bytes[..8].try_into().unwrap()) as usize;
                for batch in self.parcels[parcel].clone() {
                    self.append(id, batch);
                }
            }
            Command::Truncate { end_offset } => {
                self.coverage.truncations += 1;
                self.invariants.truncates(id, end_offset);
                self.replica(id).disk.truncate(end_offset);
            }
            Command::Reply { token, response } => self.reply(id, token, response),
            Command::Send { request_id, to, request } => self.send(id, request_id, &to, request),
            Command::WriteSnapshotPiece { position, bytes, .. } => {
                let downloading = &mut self.replica(id).downloading;
                downloading.truncate(position as usize);
                downloading.extend(bytes);
            }
            Command::InstallSnapshot { id: snapshot_id } => return self.install(id, snapshot_id),
            Command::HighWatermarkAdvanced { high_watermark } => {
                let replica = &self.replicas[&id];
                let epoch = replica.machine.as_ref()?.election().epoch;
                self.invariants.committed(id, epoch, high_watermark, &replica.disk);
            }
            Command::Halt(violation) => panic!("seed {}: node {id}: {violation}", self.seed),
            Command::LeaderChanged { leader: None, .. } => {
                let machine = self.replicas[&id].machine.as_ref()?;
                self.coverage.resignations += u64::from(machine.role_name() == "resigned");
            }
            Command::LeaderChanged { .. }
            | Command::RejectAppend { .. }
            | Command::Upgraded { .. }
            | Command::ShutdownComplete => {}
        }
        None
    }

    fn install(&mut self, id: NodeId, snapshot_id: quorum::SnapshotId) -> Option<Event> {
        let replica = self.replica(id);
        let downloaded = std::mem::take(&mut replica.downloading);
        assert_eq!(downloaded.len() as u64, SNAPSHOT_BYTES, "all pieces, and in order");
        let snapshots = self.replicas.values().map(|r| &r.disk.snapshots);
        let found = snapshots.filter_map(|s| s.get(&snapshot_id)).next().cloned();
        // Whoever had it lost it meanwhile: then nobody knows any more what was in it.
        let Some(snapshot) = found else {
            return Some(Event::SnapshotUnsound { id: snapshot_id });
        };
        self.coverage.downloads += 1;
        self.replica(id).disk.install(snapshot_id, snapshot.clone());
        Some(Event::SnapshotInstalled {
            id: snapshot_id,
            size: SNAPSHOT_BYTES,
            kraft_version: snapshot.kraft_version,
            voters: snapshot.voters,
        })
    }

    fn send(
        &mut self,
        from: NodeId,
        request_id: RequestId,
        to: &quorum::Destination,
        request: Request,
    ) {
        let host = &to.endpoint.host;
        let to: NodeId = host.strip_prefix("node-").and_then(|id| id.parse().ok()).unwrap();
        let life = self.replica(from).life;
        if let Some(at) = self.network.delivery(from, to, self.time, &mut self.rng) {
            let happening = Happening::Request { from, life, request_id, to, request };
            self.schedule.at(at, happening);
        }
    }

    fn reply(&mut self, id: NodeId, token: Token, mut response: Response) {
        let Some((to, life, request_id)) = self.replica(id).waiting.remove(&token) else { return };
        match &mut response {
            Response::Fetch(fetch) => {
                if let Ok(outcome) = &mut fetch.result
                    && let FetchOutcome::Read { offset, .. } = outcome
                {
                    *outcome = FetchOutcome::Records(self.read(id, *offset));
                }
            }
            Response::FetchSnapshot(fetch) => {
                if let Ok(piece) = &mut fetch.result
                    && let PieceContent::Read { max_bytes } = piece.content
                {
                    let len = (piece.size - piece.position).min(max_bytes.into());
                    piece.content = PieceContent::Bytes(Bytes::from(vec![7; len as usize]));
                }
            }
            _ => {}
        }
        if let Some(at) = self.network.delivery(id, to, self.time, &mut self.rng) {
            let response = Some(response);
            self.schedule.at(at, Happening::Response { to, life, request_id, response });
        }
    }

    fn read(&mut self, id: NodeId, offset: i64) -> FetchedRecords {
        let batches = self.replicas[&id].disk.batches.iter();
        let parcel: Vec<Batch> =
            batches.filter(|batch| batch.base_offset >= offset).take(3).cloned().collect();
        let summaries = parcel.iter().map(Batch::summary).collect();
        let bytes = Bytes::copy_from_slice(&(self.parcels.len() as u64).to_be_bytes());
        self.parcels.push(parcel);
        FetchedRecords { bytes, batches: summaries }
    }
}
