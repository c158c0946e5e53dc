//! The one task that decides and writes: everything the controller is asked passes through here.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant};
use metadata::Image;
use metadata::controller::{
    Bootstrap, BrokerHeartbeat, Controller, Decision, Error, FeaturesUpdated, HeartbeatReply,
    Millis, QuorumFeatures, Reason, Settings, UpdateFeatures,
};
use tokio::sync::mpsc;
use tracing::{error, info, warn};
use wire::stored::metadata::{MetadataRecord, NoOpRecord};

use crate::active::{Active, Dice, Refusal, Stopwatch, not_controller};
use crate::operation::{Letter, Operation, Reply};
use crate::publisher::{LeaderChange, MetadataEvent};
use crate::timers::Timers;

/// A turn of the task that takes longer than this counts as time in which nobody was listened to.
const DEAF_MAX: Duration = Duration::from_secs(1);

/// What the controller works with.
pub(crate) struct ControllerTask {
    env: Env,
    settings: Settings,
    bootstrap: Bootstrap,
    quorum: quorum_node::Handle,
    events: mpsc::Receiver<MetadataEvent>,
    letters: mpsc::Receiver<Letter>,
    stopwatch: Stopwatch,
    /// The newest image shown.
    image: Arc<Image>,
    leader: Option<i32>,
    active: Option<Active>,
    timers: Timers,
}

impl ControllerTask {
    pub(crate) fn new(
        env: &Env,
        settings: Settings,
        bootstrap: Bootstrap,
        quorum: quorum_node::Handle,
        events: mpsc::Receiver<MetadataEvent>,
        letters: mpsc::Receiver<Letter>,
    ) -> Self {
        Self {
            timers: Timers::new(&settings, env.now()),
            stopwatch: Stopwatch::new(env.now()),
            env: env.clone(),
            settings,
            bootstrap,
            quorum,
            events,
            letters,
            image: Arc::new(Image::default()),
            leader: None,
            active: None,
        }
    }

    /// Runs until the node stops.
    pub(crate) async fn run(mut self) {
        loop {
            let deadline = self.next_deadline();
            // A full mailbox must not keep brokers from being fenced.
            let is_late = deadline.is_some_and(|deadline| deadline <= self.env.now());
            let turn = tokio::select! {
                biased;
                event = self.events.recv() => event.map(Turn::Event),
                letter = self.letters.recv(), if !is_late => letter.map(Turn::Letter),
                () = wait_until(deadline) => Some(Turn::Time),
            };
            let began = self.env.now();
            let step = match turn {
                Some(Turn::Event(event)) => self.take_event(event).await,
                Some(Turn::Letter(letter)) => self.take_letter(letter).await,
                Some(Turn::Time) => self.take_time().await,
                None => Err(Refusal::Stopped),
            };
            self.excuse_brokers(began);
            match step {
                Ok(()) => {}
                Err(Refusal::NotLeader) => self.step_down().await,
                Err(Refusal::Impossible(error)) => {
                    error!(%error, "the controller cannot go on");
                    self.step_down().await;
                }
                Err(Refusal::Stopped) => break,
            }
        }
        if let Some(active) = self.active.take() {
            active.end(None);
        }
    }

    /// Whoever was not listened to, since the metadata log had to wait for its disk, is not
    /// silent.
    fn excuse_brokers(&mut self, began: Instant) {
        let took = self.env.now().saturating_duration_since(began);
        if took > DEAF_MAX
            && let Some(active) = &mut self.active
        {
            warn!(?took, "the controller was held up");
            active.machine.excuse_brokers(Millis::try_from(took.as_millis()).unwrap_or(0));
        }
    }

    async fn take_event(&mut self, event: MetadataEvent) -> Result<(), Refusal> {
        match event {
            MetadataEvent::Update(update) => {
                self.image = update.after;
                if let Some(active) = &mut self.active {
                    active.shown(&self.image);
                }
                Ok(())
            }
            MetadataEvent::LeaderChange(change) => self.change_leader(change).await,
        }
    }

    async fn change_leader(&mut self, change: LeaderChange) -> Result<(), Refusal> {
        self.leader = change.leader;
        let is_self = change.leader == Some(self.settings.node_id());
        if is_self && self.active.as_ref().is_some_and(|active| active.epoch == change.epoch) {
            return Ok(());
        }
        if let Some(active) = self.active.take() {
            info!(epoch = active.epoch, "no longer the active controller");
            active.end(change.leader);
        }
        if is_self { self.activate(change).await } else { Ok(()) }
    }

    /// Begins an epoch as the active controller.
    async fn activate(&mut self, change: LeaderChange) -> Result<(), Refusal> {
        let now = self.env.now();
        let image = Image::clone(&self.image);
        let machine = Controller::new(self.settings.clone(), image, self.stopwatch.at(now));
        let decision = machine.activate(&self.bootstrap, change.is_in_transaction);
        let decision = decision.map_err(Refusal::Impossible)?;
        let mut active = Active::new(change.epoch, machine, self.quorum.clone());
        let count = decision.records.len();
        active.append(decision.records, decision.is_atomic).await?;
        info!(epoch = change.epoch, records = count, "active controller");
        self.timers.restart(now);
        self.active = Some(active);
        Ok(())
    }

    /// Leaves the epoch to another leader: this node cannot write in it any more.
    async fn step_down(&mut self) {
        if let Some(active) = self.active.take() {
            warn!(epoch = active.epoch, "giving up as the active controller");
            self.quorum.resign(active.epoch).await;
            active.end(None);
        }
    }

    async fn take_letter(&mut self, letter: Letter) -> Result<(), Refusal> {
        let Letter { arrived, deadline, operation } = letter;
        if deadline.is_some_and(|deadline| deadline < self.env.now()) {
            operation.refuse(Error::standard(Reason::RequestTimedOut));
            return Ok(());
        }
        let Some(active) = &mut self.active else {
            operation
                .refuse(not_controller(self.leader.filter(|id| *id != self.settings.node_id())));
            return Ok(());
        };
        let before = active.last_offset();
        let mut dice = Dice(self.env.random());
        let now = self.stopwatch.at(arrived);
        let done = match operation {
            Operation::UpdateFeatures(request, reply) => {
                update_features(active, &self.quorum, &request, reply).await
            }
            operation => decide(active, operation, now, &mut dice).await,
        };
        if active.last_offset() != before {
            self.timers.wrote(self.env.now());
        }
        done
    }

    fn next_deadline(&self) -> Option<Instant> {
        let active = self.active.as_ref()?;
        let stale = active.machine.next_stale_broker_at().map(|at| self.stopwatch.instant(at));
        [self.timers.next(), stale].into_iter().flatten().min()
    }

    /// Does what is due.
    async fn take_time(&mut self) -> Result<(), Refusal> {
        let Some(active) = &mut self.active else { return Ok(()) };
        let now = self.env.now();
        if let Some(decision) = active.machine.fence_one_stale_broker(self.stopwatch.at(now)) {
            info!(broker = decision.response, "fencing a broker not heard of for too long");
            active.append(decision.records, decision.is_atomic).await?;
        }
        if self.timers.is_balance_due(now) {
            let decision = active.machine.balance_leaders();
            let is_more = elect(active, decision).await?;
            self.timers.balanced(now, is_more);
        }
        if self.timers.is_unclean_election_due(now) {
            let decision = active.machine.elect_unclean_leaders();
            let is_more = elect(active, decision).await?;
            self.timers.elected_unclean(now, is_more);
        }
        if self.timers.is_no_op_due(now) {
            let no_op = MetadataRecord::NoOp(NoOpRecord::default());
            active.append(vec![no_op], true).await?;
            self.timers.wrote(now);
        }
        Ok(())
    }
}

/// What the task does next.
enum Turn {
    Event(MetadataEvent),
    Letter(Letter),
    Time,
}

async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn elect(active: &mut Active, decision: Decision<bool>) -> Result<bool, Refusal> {
    let count = decision.records.len();
    active.append(decision.records, decision.is_atomic).await?;
    if count > 0 {
        info!(count, "elected leaders");
    }
    Ok(decision.response)
}

/// Lets the machine decide, appends, and answers when it is committed.
async fn decide(
    active: &mut Active,
    operation: Operation,
    now: Millis,
    dice: &mut Dice<'_>,
) -> Result<(), Refusal> {
    match operation {
        Operation::AllocateProducerIds(id, epoch, reply) => {
            let decision = active.machine.allocate_producer_ids(id, epoch);
            active.finish(decision, reply).await
        }
        operation @ (Operation::AlterClientQuotas(..)
        | Operation::AlterConfigs(..)
        | Operation::IncrementalAlterConfigs(..)) => configure(active, operation).await,
        Operation::AlterPartition(request, reply) => {
            let decision = active.machine.alter_partition(&request);
            active.finish(decision, reply).await
        }
        Operation::AlterReassignments(request, reply) => {
            let decision = active.machine.alter_reassignments(&request);
            active.finish(decision, reply).await
        }
        Operation::AssignReplicas(request, reply) => {
            let decision = active.machine.assign_replicas(&request);
            active.finish(decision, reply).await
        }
        Operation::BrokerHeartbeat(request, reply) => {
            broker_heartbeat(active, &request, reply, now).await
        }
        Operation::CreatePartitions(request, reply) => {
            let decision = active.machine.create_partitions(&request, dice);
            active.finish(decision, reply).await
        }
        Operation::CreateTopics(request, reply) => {
            let decision = active.machine.create_topics(&request, dice);
            active.finish(decision, reply).await
        }
        Operation::DeleteTopics(topics, reply) => {
            let decision = active.machine.delete_topics(&topics);
            active.finish(decision, reply).await
        }
        Operation::ElectLeaders(request, reply) => {
            let decision = active.machine.elect_leaders(&request);
            active.finish(decision, reply).await
        }
        Operation::RegisterBroker(request, reply) => {
            let quorum = active.quorum_state();
            let decision = active.machine.register_broker(&request, quorum, now);
            active.finish(decision, reply).await
        }
        Operation::RegisterController(request, reply) => {
            let decision = active.machine.register_controller(&request);
            active.finish(decision, reply).await
        }
        Operation::UnregisterBroker(id, reply) => {
            let decision = active.machine.unregister_broker(id);
            active.finish(decision, reply).await
        }
        operation @ Operation::UpdateFeatures(..) => {
            operation.refuse(Error::standard(Reason::UnknownServerError));
            Ok(())
        }
    }
}

/// Configurations and quotas.
async fn configure(active: &mut Active, operation: Operation) -> Result<(), Refusal> {
    match operation {
        Operation::AlterClientQuotas(request, reply) => {
            let decision = active.machine.alter_client_quotas(&request);
            active.finish(decision, reply).await
        }
        Operation::AlterConfigs(request, reply) => {
            let decision = active.machine.legacy_alter_configs(&request);
            active.finish(decision, reply).await
        }
        Operation::IncrementalAlterConfigs(request, reply) => {
            let decision = active.machine.incremental_alter_configs(&request);
            active.finish(decision, reply).await
        }
        other => {
            other.refuse(Error::standard(Reason::UnknownServerError));
            Ok(())
        }
    }
}

async fn broker_heartbeat(
    active: &mut Active,
    request: &BrokerHeartbeat,
    reply: Reply<HeartbeatReply>,
    now: Millis,
) -> Result<(), Refusal> {
    let (id, epoch) = (request.broker_id, request.broker_epoch);
    active.machine.note_contact(id, epoch, now);
    let decision = active.machine.broker_heartbeat(request);
    let in_shutdown = decision.as_ref().is_ok_and(|d| d.response.in_controlled_shutdown);
    active.finish(decision, reply).await?;
    if in_shutdown {
        active.machine.note_controlled_shutdown(id, active.last_offset());
    }
    Ok(())
}

/// Features that the quorum has a part in: it knows the voters, and raises `kraft.version`.
async fn update_features(
    active: &mut Active,
    quorum: &quorum_node::Handle,
    request: &UpdateFeatures,
    reply: Reply<FeaturesUpdated>,
) -> Result<(), Refusal> {
    let described = quorum.describe_quorum().await;
    let voters = described.map(|d| d.voters.iter().map(|voter| voter.key.id).collect());
    let kraft_version = quorum.status().borrow().kraft_version;
    let features = QuorumFeatures { kraft_version, voter_ids: voters.unwrap_or_default() };
    let mut decision = active.machine.update_features(request, &features);
    if let Ok(Decision { response: FeaturesUpdated { kraft_version: Some(version) }, .. }) =
        decision
    {
        let only = request.validate_only;
        if let Err(refusal) = quorum.upgrade_kraft_version(active.epoch, version, only).await {
            decision = Err(Error::new(Reason::InvalidUpdateVersion, refusal.to_string()));
        }
    }
    active.finish(decision, reply).await
}
