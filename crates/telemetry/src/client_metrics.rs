//! The machine: which clients there are, and what they are asked and allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wire::Uuid;

use crate::client::Client;
use crate::instance::{Instance, Subscribed, Wanted, WantedBySet};
use crate::refusal::Refusal;
use crate::subscription::Subscription;

/// Clients remembered at a time, as in Apache Kafka; beyond that the one that asked longest ago is
/// forgotten, and is a new one when it asks again.
pub const INSTANCES_MAX: usize = 16_384;

/// Bytes that names and addresses of remembered clients may take together.
const CLIENT_BYTES_MAX: usize = 16 << 20;

/// Sets of subscriptions whose union is kept.
const WANTED_MAX: usize = 1024;

/// The highest id of a compression type.
const COMPRESSION_TYPE_MAX: i8 = 4;

/// What a client says about what it pushes.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// The client's id.
    pub client_instance_id: Uuid,
    /// What it was told with its subscription.
    pub subscription_id: i32,
    /// Whether this is its last push.
    pub terminating: bool,
    /// The id of the codec.
    pub compression_type: i8,
    /// Bytes pushed.
    pub length: usize,
}

/// The clients of a broker that push metrics, or may.
#[derive(Debug)]
pub struct ClientMetrics {
    max_bytes: usize,
    instances_max: usize,
    subscriptions: Vec<Subscription>,
    generation: u64,
    wanted: WantedBySet,
    instances: HashMap<Uuid, Instance>,
    by_deadline: BTreeSet<(i64, Uuid)>,
    by_use: BTreeMap<u64, Uuid>,
    uses: u64,
    client_bytes: usize,
}

impl ClientMetrics {
    /// No client yet and no subscription. A push may have `max_bytes`; `instances_max` clients are
    /// remembered.
    pub fn new(max_bytes: usize, instances_max: usize) -> Self {
        Self {
            max_bytes,
            instances_max: instances_max.max(1),
            subscriptions: Vec::new(),
            generation: 0,
            wanted: WantedBySet::new(),
            instances: HashMap::new(),
            by_deadline: BTreeSet::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            client_bytes: 0,
        }
    }

    /// Clients that are remembered.
    pub fn instance_count(&self) -> usize {
        self.instances.len()
    }

    /// Takes over changed subscriptions, sorted by name. Each client is matched with them when it
    /// asks or pushes next.
    pub fn subscribe(&mut self, subscriptions: Vec<Subscription>) {
        self.subscriptions = subscriptions;
        self.wanted.clear();
        self.generation += 1;
    }

    /// A client asks what to push; it has no id yet if `asked` is zero, and gets `fresh` then, a
    /// random one.
    ///
    /// # Errors
    /// It asked a short time ago.
    pub fn get(
        &mut self,
        now_ms: i64,
        asked: Uuid,
        fresh: Uuid,
        client: &Client,
    ) -> Result<Subscribed, Refusal> {
        let id = if asked.is_zero() { fresh } else { asked };
        let instance = self.visit(now_ms, id, client);
        instance.get(now_ms)?;
        Ok(instance.subscribed.clone())
    }

    /// A client pushes metrics. Returns what it showed of itself if they are to be taken.
    ///
    /// # Errors
    /// The push is not taken.
    pub fn push(
        &mut self,
        now_ms: i64,
        push: &Push,
        client: &Client,
    ) -> Result<Arc<Client>, Refusal> {
        if is_reserved(push.client_instance_id) {
            return Err(Refusal::InvalidInstanceId);
        }
        let max = self.max_bytes;
        let instance = self.visit(now_ms, push.client_instance_id, client);
        instance.push(now_ms, push.terminating, |subscribed| {
            if push.subscription_id != subscribed.subscription_id {
                return Err(Refusal::UnknownSubscriptionId);
            }
            if !(0..=COMPRESSION_TYPE_MAX).contains(&push.compression_type) {
                return Err(Refusal::UnsupportedCompressionType(push.compression_type));
            }
            if push.length > max {
                return Err(Refusal::TooLarge { length: push.length, max });
            }
            Ok(())
        })?;
        Ok(Arc::clone(&instance.client))
    }

    /// What a client pushed could not be received.
    pub fn not_received(&mut self, id: Uuid) {
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.not_received();
        }
    }

    /// The connection of a client has ended.
    pub fn disconnected(&mut self, id: Uuid) {
        self.take(id);
    }

    /// The client with this id as it stands after another request of it, matched with the
    /// subscriptions of now.
    fn visit(&mut self, now_ms: i64, id: Uuid, client: &Client) -> &mut Instance {
        while let Some((deadline_ms, silent)) = self.by_deadline.first().copied()
            && deadline_ms <= now_ms
        {
            self.take(silent);
        }
        let mut instance = match self.take(id) {
            Some(instance) if instance.generation == self.generation => instance,
            previous => {
                // What a client showed of itself at first counts until it is forgotten.
                let client = previous
                    .map_or_else(|| Arc::new(client.detached()), |previous| previous.client);
                let wanted = self.wanted_of(&client, id);
                Instance::new(id, client, self.generation, &wanted)
            }
        };
        self.make_room(instance.client.size());
        self.uses += 1;
        instance.used = self.uses;
        instance.deadline_ms = instance.deadline_after(now_ms);
        self.by_use.insert(instance.used, id);
        self.by_deadline.insert((instance.deadline_ms, id));
        self.client_bytes += instance.client.size();
        self.instances.entry(id).insert_entry(instance).into_mut()
    }

    /// What all subscriptions together ask of a client.
    fn wanted_of(&mut self, client: &Client, id: Uuid) -> Wanted {
        let all = self.subscriptions.iter().enumerate();
        let set: Vec<usize> = all
            .filter(|(_, subscription)| subscription.is_for(client, id))
            .map(|(index, _)| index)
            .collect();
        if self.wanted.len() >= WANTED_MAX {
            self.wanted.clear();
        }
        let subscriptions = &self.subscriptions;
        let wanted = self.wanted.entry(set).or_insert_with_key(|set| {
            Wanted::new(set.iter().filter_map(|index| subscriptions.get(*index)))
        });
        wanted.clone()
    }

    fn make_room(&mut self, bytes: usize) {
        while self.instances.len() >= self.instances_max
            || self.client_bytes.saturating_add(bytes) > CLIENT_BYTES_MAX
        {
            let Some((_, longest_ago)) = self.by_use.first_key_value() else { break };
            self.take(*longest_ago);
        }
    }

    fn take(&mut self, id: Uuid) -> Option<Instance> {
        let instance = self.instances.remove(&id)?;
        self.by_deadline.remove(&(instance.deadline_ms, id));
        self.by_use.remove(&instance.used);
        self.client_bytes -= instance.client.size();
        Some(instance)
    }
}

/// Ids that no client can have.
fn is_reserved(id: Uuid) -> bool {
    id.as_u128() <= 1
}
