//! The table of this broker's replicas, kept in step with the cluster image.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use env::Env;
use log::{Loaded, Log, LogDir, LogDirs, TopicPartition};
use metadata::{Image, LocalReplica, ResourceType, Topic, Update, directory};
use replica::{Assignment, LogOffsets, ReplicaState, ReplicationRules, Transition};
use tokio::sync::mpsc;
use wire::{Str, Uuid};

use crate::error::LookupError;
use crate::flush::Wanted;
use crate::moves::{DirectorySettings, Moves};
use crate::partition::{Partition, State, committable_offset};
use crate::settings::TopicSettings;
use crate::surroundings::{DirectoryAssignment, Proposed, Surroundings, ToController};
use crate::traffic::Retired;
use crate::upkeep::Written;

/// Tells the settings of a topic, as they are in an image.
pub type TopicSettingsOf = dyn Fn(&Image, &str) -> Arc<TopicSettings> + Send + Sync;

/// Tells the settings of log directories as they are now.
pub type DirectorySettingsOf = dyn Fn() -> DirectorySettings + Send + Sync;

/// How the replicas of a broker are set up.
pub struct ReplicasOptions {
    /// This broker's id.
    pub node_id: i32,
    /// Where logs are.
    pub dirs: Arc<LogDirs>,
    /// The cluster as it is now.
    pub image: Arc<ArcSwap<Image>>,
    /// Settings of topics.
    pub settings_of: Arc<TopicSettingsOf>,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: i64,
    /// Takes the changes of ISRs that leaders propose.
    pub proposals: mpsc::UnboundedSender<Proposed>,
    /// Takes what the controller is to know of the directories of replicas.
    pub assignments: mpsc::UnboundedSender<DirectoryAssignment>,
    /// Settings of log directories.
    pub directory_settings: Arc<DirectorySettingsOf>,
}

/// All replicas on this broker.
pub struct Replicas {
    pub(crate) node_id: i32,
    env: Env,
    dirs: Arc<LogDirs>,
    settings_of: Arc<TopicSettingsOf>,
    replica_lag_time_max_ms: i64,
    pub(crate) surroundings: Arc<Surroundings>,
    image: Arc<ArcSwap<Image>>,
    topics: RwLock<HashMap<Str, Slots>>,
    /// Taken after `topics`.
    retired: Mutex<Retired>,
    directory_settings: Arc<DirectorySettingsOf>,
    pub(crate) moves: Moves,
    /// Directories asked for, of partitions that are not here yet.
    preferred: Mutex<HashMap<TopicPartition, Uuid>>,
    /// Held by whoever makes, removes or moves replicas.
    change: Mutex<()>,
    pub(crate) written: Mutex<Written>,
}

/// The replicas of one topic, by partition index.
type Slots = Vec<Slot>;

/// What is known here of one partition.
#[derive(Debug, Clone, Default)]
pub(crate) enum Slot {
    /// No replica here.
    #[default]
    Elsewhere,
    /// Served.
    Online(Arc<Partition>),
    /// Its log cannot be used.
    Offline,
}

impl Replicas {
    /// The replicas whose logs were loaded, as the image places them; what it does not place here
    /// is set aside (kafka-storage §4.9).
    pub fn new(env: &Env, options: ReplicasOptions, loaded: Loaded) -> Self {
        let image = options.image.load_full();
        let to_controller =
            ToController { proposals: options.proposals, assignments: options.assignments };
        let surroundings =
            Surroundings::new(env.clone(), Arc::clone(&options.image), to_controller);
        let replicas = Self {
            node_id: options.node_id,
            env: env.clone(),
            dirs: options.dirs,
            settings_of: options.settings_of,
            replica_lag_time_max_ms: options.replica_lag_time_max_ms,
            surroundings: Arc::new(surroundings),
            image: options.image,
            topics: RwLock::default(),
            retired: Mutex::default(),
            directory_settings: options.directory_settings,
            moves: Moves::default(),
            preferred: Mutex::default(),
            change: Mutex::default(),
            written: Mutex::default(),
        };
        replicas.take_in(&image, loaded);
        replicas.lead_and_follow_all(&image);
        replicas
    }

    /// The replica of a partition.
    ///
    /// The table follows the image. While a topic that came anew under its name is still the old
    /// one here, it is not served: what went into the old log would be deleted with it.
    ///
    /// # Errors
    /// Why there is none to serve it here.
    pub fn get(&self, topic: &str, index: i32) -> Result<Arc<Partition>, LookupError> {
        let slot = self.slot(topic, index);
        let image = self.image.load();
        match slot {
            Slot::Online(partition) => match image.topics.id(topic) {
                Some(id) if id == partition.topic_id() => Ok(partition),
                Some(_) => Err(LookupError::NotLeaderOrFollower),
                None => Err(LookupError::UnknownTopicOrPartition),
            },
            Slot::Offline => Err(LookupError::Offline),
            Slot::Elsewhere if image.topics.partition(topic, index).is_some() => {
                Err(LookupError::NotLeaderOrFollower)
            }
            Slot::Elsewhere => Err(LookupError::UnknownTopicOrPartition),
        }
    }

    /// All replicas that are served.
    pub fn online(&self) -> Vec<Arc<Partition>> {
        let topics = self.read();
        let slots = topics.values().flatten();
        slots
            .filter_map(|slot| match slot {
                Slot::Online(partition) => Some(Arc::clone(partition)),
                Slot::Elsewhere | Slot::Offline => None,
            })
            .collect()
    }

    /// The log directories.
    pub fn dirs(&self) -> &Arc<LogDirs> {
        &self.dirs
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// Settings of log directories as they are now.
    pub fn directory_settings(&self) -> DirectorySettings {
        (self.directory_settings)()
    }

    pub(crate) fn preferred(&self) -> MutexGuard<'_, HashMap<TopicPartition, Uuid>> {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The broker has been registered: leaders name this epoch in what they propose.
    pub fn registered(&self, broker_epoch: i64) {
        self.surroundings.set_broker_epoch(broker_epoch);
    }

    /// Follows a change of the image: makes and deletes replicas, takes up leaderships, puts
    /// settings in force. May wait for the disk.
    pub fn apply(&self, update: &Update) {
        let _one_at_a_time = self.change();
        let local = update.local_replicas(self.node_id);
        let left: HashSet<PathBuf> =
            local.deleted.iter().filter_map(|gone| self.delete(gone)).collect();
        if !left.is_empty() {
            // What they tell of a log must not be taken for what is true of a later one.
            self.write_checkpoints(|dir| left.contains(dir));
        }
        for replica in local.leaders.iter().chain(&local.followers) {
            self.place(&update.after, replica);
        }
        if update.changes.configs_changed(ResourceType::Broker) {
            let topics: Vec<Str> = self.read().keys().cloned().collect();
            topics.iter().for_each(|topic| self.reconfigure(&update.after, topic));
            return;
        }
        let configs = update.changes.configs.iter();
        for resource in configs.filter(|config| config.resource_type == ResourceType::Topic) {
            self.reconfigure(&update.after, &resource.name);
        }
    }

    pub(crate) fn admit(
        &self,
        image: &Image,
        topic: &Topic,
        index: i32,
        log: Log,
        high_watermark: i64,
    ) {
        let settings = (self.settings_of)(image, &topic.name);
        let rules = self.rules(&settings);
        let offsets = LogOffsets {
            log_start_offset: log.log_start_offset(),
            log_end_offset: log.log_end_offset(),
            committable_offset: committable_offset(&log),
        };
        let state = ReplicaState::new(self.node_id, high_watermark, offsets, rules);
        let surroundings = Arc::clone(&self.surroundings);
        let name = topic.name.clone();
        let partition =
            Partition::new(name, topic.id, index, State::new(log, state), settings, surroundings);
        self.set(&topic.name, index, Slot::Online(partition));
    }

    fn lead_and_follow_all(&self, image: &Image) {
        for topic in image.topics.iter() {
            let here = topic
                .partitions()
                .filter(|(_, partition)| partition.replicas.contains(&self.node_id));
            for (index, _) in here {
                self.place_partition(image, topic, index);
            }
        }
    }

    fn place(&self, image: &Image, replica: &LocalReplica) {
        self.place_partition(image, &replica.topic, replica.index);
    }

    /// Makes the replica if it is not there, and gives it its role.
    fn place_partition(&self, image: &Image, topic: &Topic, index: i32) {
        let Some(partition) = topic.partition(index) else { return };
        if let Slot::Online(replica) = self.slot(&topic.name, index)
            && replica.topic_id() != topic.id
        {
            self.remove(&replica);
        }
        if matches!(self.slot(&topic.name, index), Slot::Elsewhere) {
            self.create(image, topic, index);
        }
        if let Slot::Online(replica) = self.slot(&topic.name, index) {
            self.tell_directory(partition, &replica);
            replica.assign(&Assignment {
                leader: partition.leader,
                leader_epoch: partition.leader_epoch,
                partition_epoch: partition.partition_epoch,
                replicas: partition.replicas.to_vec(),
                isr: partition.isr.to_vec(),
            });
        }
    }

    /// Has the controller told where a replica is, when it holds that it is elsewhere (KIP-858).
    fn tell_directory(&self, known: &metadata::Partition, replica: &Partition) {
        let (dir, _) = replica.place();
        let is_known = known.directory(self.node_id).is_none_or(|directory| {
            // While a move comes to its end the controller is ahead of it.
            directory == dir.id() || replica.is_moving_to(directory)
        });
        if !is_known {
            replica.assign_directory(dir.id(), None);
        }
    }

    fn create(&self, image: &Image, topic: &Topic, index: i32) {
        let settings = (self.settings_of)(image, &topic.name);
        let name = TopicPartition { topic: topic.name.to_string().into(), partition: index };
        let assigned = self.assigned_directory(image, &topic.name, index);
        let Some(dir) = self.place_new(&name, assigned) else {
            tracing::error!("no log directory is left for {name}");
            self.set(&topic.name, index, Slot::Offline);
            return;
        };
        match self.dirs.create(&dir, &name, topic.id, Arc::clone(&settings.log)) {
            Ok(log) => self.admit(image, topic, index, log, 0),
            Err(error) => {
                tracing::error!("cannot make the log of {name}: {error}");
                self.set(&topic.name, index, Slot::Offline);
            }
        }
    }

    /// The directory for a replica that is not here yet: the one that was asked for, the one that
    /// the metadata names, or else the one in order that has the fewest. `None` also while it may
    /// lie in a directory that is offline.
    fn place_new(&self, name: &TopicPartition, assigned: Option<Uuid>) -> Option<LogDir> {
        let dirs = self.dirs.dirs();
        let with_id = |id: Uuid| dirs.iter().find(|dir| dir.id() == id);
        let asked_for = self.preferred().remove(name).and_then(with_id);
        if let Some(dir) = asked_for.filter(|dir| !dir.is_offline()) {
            return Some(dir.clone());
        }
        if let Some(id) = assigned.filter(|id| *id != directory::UNASSIGNED) {
            match with_id(id) {
                Some(dir) if dir.is_offline() => return None,
                Some(dir) => return Some(dir.clone()),
                None if dirs.iter().any(LogDir::is_offline) => return None,
                None => {}
            }
        }
        let cordoned = self.directory_settings().cordoned;
        self.dirs.place(|dir| !cordoned.contains(dir)).cloned()
    }

    /// Removes a replica; the directory it was in, if there was one.
    fn delete(&self, gone: &LocalReplica) -> Option<PathBuf> {
        match self.slot(&gone.topic.name, gone.index) {
            Slot::Online(replica) if replica.topic_id() == gone.topic.id => {
                let dir = replica.place().0.path().to_owned();
                self.remove(&replica);
                Some(dir)
            }
            Slot::Offline => {
                self.set(&gone.topic.name, gone.index, Slot::Elsewhere);
                None
            }
            Slot::Online(_) | Slot::Elsewhere => None,
        }
    }

    fn remove(&self, replica: &Partition) {
        self.set(replica.topic(), replica.index(), Slot::Elsewhere);
        // The copy first: one that is found without its log is taken for what is left of it.
        self.retire(|| self.end_move(replica));
        let state = replica.lock();
        self.retire(|| self.dirs.delete(&state.log));
        drop(state);
        replica.waiters.wake_all();
    }

    pub(crate) fn retire(&self, retire: impl FnOnce() -> Result<(), log::Error>) {
        if let Err(error) = retire() {
            tracing::error!("a replica cannot be taken out of use: {error}");
        }
    }

    fn reconfigure(&self, image: &Image, topic: &str) {
        let settings = (self.settings_of)(image, topic);
        let rules = self.rules(&settings);
        let slots = self.read().get(topic).cloned().unwrap_or_default();
        for slot in slots {
            if let Slot::Online(replica) = slot {
                replica.reconfigure(Arc::clone(&settings), rules);
            }
        }
    }

    fn rules(&self, settings: &TopicSettings) -> ReplicationRules {
        ReplicationRules {
            min_insync_replicas: settings.min_insync_replicas,
            replica_lag_time_max_ms: self.replica_lag_time_max_ms,
        }
    }

    pub(crate) fn slot(&self, topic: &str, index: i32) -> Slot {
        let topics = self.read();
        let slots = topics.get(topic);
        slots.and_then(|slots| slots.get(usize::try_from(index).ok()?)).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&self, topic: &Str, index: i32, slot: Slot) {
        let Ok(index) = usize::try_from(index) else { return };
        let mut topics = self.write();
        let slots = topics.entry(topic.detach()).or_default();
        if slots.len() <= index {
            slots.resize(index + 1, Slot::Elsewhere);
        }
        let before = std::mem::replace(&mut slots[index], slot);
        let is_last = slots.iter().all(|slot| matches!(slot, Slot::Elsewhere));
        if is_last {
            topics.remove(topic);
        }
        if let Slot::Online(replica) = before {
            self.retired().add(&replica, is_last);
        }
    }

    pub(crate) fn retired(&self) -> MutexGuard<'_, Retired> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, HashMap<Str, Slots>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Str, Slots>> {
        self.topics.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partition {
    /// Takes up the role the metadata log gives.
    pub(crate) fn assign(&self, assignment: &Assignment) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let offsets = state.offsets();
        let transition = self
            .surroundings
            .with(|context| state.replica.on_assignment(assignment, offsets, context));
        if let Transition::Leader { epoch_start_offset: Some(_), .. } = transition {
            state.log.begin_leader_epoch(assignment.leader_epoch);
        }
        if !state.replica.is_leader() {
            state.verifications.clear();
        }
        let published = self.publish(state);
        let wanted = self.commit_on_disk(state);
        drop(guard);
        self.start_flush(wanted);
        self.tell(published, 0);
        if !matches!(transition, Transition::Stale) {
            self.waiters.wake_all();
        }
    }

    /// Where records count only once they are on the disk, has those brought there that are not.
    fn commit_on_disk(&self, state: &mut State) -> Wanted {
        if state.log.settings().sync_appends {
            state.flushing.want_records();
        }
        self.flush_wanted(state, self.surroundings.wall_ms())
    }

    /// Puts other settings in force.
    pub(crate) fn reconfigure(&self, settings: Arc<TopicSettings>, rules: ReplicationRules) {
        if let Some(copy) = self.future.lock().as_mut() {
            copy.log.set_settings(Arc::clone(&settings.log));
        }
        let mut guard = self.lock();
        let state = &mut *guard;
        state.log.set_settings(Arc::clone(&settings.log));
        let offsets = state.offsets();
        let outcome =
            self.surroundings.with(|context| state.replica.on_rules(rules, offsets, context));
        let published = self.publish(state);
        let wanted = self.commit_on_disk(state);
        drop(guard);
        self.start_flush(wanted);
        self.set_settings(settings);
        self.tell(published, 0);
        self.surroundings.propose(self, outcome.proposal);
    }
}

impl std::fmt::Debug for Replicas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replicas").field("node_id", &self.node_id).finish_non_exhaustive()
    }
}
