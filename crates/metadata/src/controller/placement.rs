//! Where new replicas go: striped over racks, then over the brokers of each rack.
//!
//! Leaders go round the racks, and within a rack round its brokers; each further replica goes to
//! the next rack. Only unfenced brokers lead; fenced ones take a replica when the unfenced ones of
//! their rack are used up (kafka-semantics 199).

use wire::Str;

use super::Random;

/// A broker that may take replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsableBroker {
    pub(super) id: i32,
    pub(super) rack: Option<Str>,
    pub(super) fenced: bool,
}

/// The replicas of `partition_count` partitions with `replication_factor` replicas each.
///
/// # Errors
/// Kafka's text when there are too few brokers.
pub(super) fn place(
    brokers: &[UsableBroker],
    partition_count: usize,
    replication_factor: i16,
    random: &mut dyn Random,
) -> Result<Vec<Vec<i32>>, String> {
    let unfenced_count = brokers.iter().filter(|broker| !broker.fenced).count();
    if replication_factor <= 0 {
        return Err(format!(
            "Invalid replication factor {replication_factor}: the replication factor must be \
             positive."
        ));
    }
    if unfenced_count == 0 {
        return Err(
            "All brokers are currently fenced, or have all their log directories cordoned."
                .to_owned(),
        );
    }
    let replication_factor = replication_factor as usize;
    if replication_factor > brokers.len() {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because only \
             {} broker(s) are registered or some brokers have all their log directories cordoned.",
            brokers.len()
        ));
    }
    let mut racks = Racks::new(brokers, unfenced_count, random);
    Ok((0..partition_count).map(|_| racks.place(replication_factor, random)).collect())
}

/// Brokers in a circle, each handed out once per epoch; every epoch starts one further.
#[derive(Default)]
struct Circle {
    brokers: Vec<i32>,
    index: usize,
    offset: usize,
    epoch: usize,
}

impl Circle {
    fn start(&mut self, random: &mut dyn Random) {
        self.brokers.sort_unstable();
        if !self.brokers.is_empty() {
            self.offset = below(self.brokers.len(), random);
        }
    }

    fn next(&mut self, epoch: usize) -> Option<i32> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.index >= self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.index + self.offset) % self.brokers.len()];
        self.index += 1;
        Some(broker)
    }
}

#[derive(Default)]
struct Rack {
    name: Option<Str>,
    unfenced: Circle,
    fenced: Circle,
}

impl Rack {
    fn next(&mut self, epoch: usize) -> Option<i32> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

struct Racks {
    racks: Vec<Rack>,
    unfenced_count: usize,
    /// Counts the partitions placed.
    epoch: usize,
    /// Counts the partitions placed since the last shuffle.
    unshuffled_count: usize,
    /// The rack of the next leader.
    offset: usize,
}

impl Racks {
    fn new(brokers: &[UsableBroker], unfenced_count: usize, random: &mut dyn Random) -> Self {
        let mut racks: Vec<Rack> = Vec::new();
        for broker in brokers {
            let known = racks.iter().position(|rack| rack.name == broker.rack);
            let index = known.unwrap_or_else(|| {
                racks.push(Rack { name: broker.rack.clone(), ..Rack::default() });
                racks.len() - 1
            });
            let rack = &mut racks[index];
            let circle = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            circle.brokers.push(broker.id);
        }
        racks.sort_by(|a, b| a.name.cmp(&b.name));
        for rack in &mut racks {
            rack.fenced.start(random);
            rack.unfenced.start(random);
        }
        let offset = below(racks.len(), random);
        Self { racks, unfenced_count, epoch: 0, unshuffled_count: 0, offset }
    }

    fn place(&mut self, replication_factor: usize, random: &mut dyn Random) -> Vec<i32> {
        // After as many partitions as there are unfenced brokers the assignments would repeat.
        if self.unshuffled_count == self.unfenced_count && self.unfenced_count > 1 {
            self.shuffle(random);
            self.unshuffled_count = 0;
        }
        let rack_count = self.racks.len();
        self.offset %= rack_count;
        let mut replicas = Vec::with_capacity(replication_factor);
        let mut leader_rack = None;
        for step in 0..rack_count {
            let index = (self.offset + step) % rack_count;
            if let Some(broker) = self.racks[index].unfenced.next(self.epoch) {
                replicas.push(broker);
                leader_rack = Some(index);
                break;
            }
        }
        let mut index = self.offset;
        // Every broker is handed out once per epoch and there are enough of them, so going round
        // ends; one round more than brokers are wanted is enough even if each rack gives one.
        let mut rounds_left = (replication_factor + 1) * rack_count;
        while replicas.len() < replication_factor && rounds_left > 0 {
            rounds_left -= 1;
            // The leader's rack had its turn in the first round.
            if leader_rack == Some(index) {
                leader_rack = None;
            } else if let Some(broker) = self.racks[index].next(self.epoch) {
                replicas.push(broker);
            }
            index = (index + 1) % rack_count;
        }
        self.epoch += 1;
        self.unshuffled_count += 1;
        self.offset += 1;
        replicas
    }

    fn shuffle(&mut self, random: &mut dyn Random) {
        shuffle(&mut self.racks, random);
        for rack in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, random);
            shuffle(&mut rack.unfenced.brokers, random);
        }
    }
}

fn below(bound: usize, random: &mut dyn Random) -> usize {
    random.below(bound as u64) as usize
}

fn shuffle<T>(items: &mut [T], random: &mut dyn Random) {
    for index in (1..items.len()).rev() {
        items.swap(index, below(index + 1, random));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::Dice;

    fn broker(id: i32, rack: Option<&'static str>, fenced: bool) -> UsableBroker {
        UsableBroker { id, rack: rack.map(Str::from), fenced }
    }

    fn refused(brokers: &[UsableBroker], replication_factor: i16) -> String {
        place(brokers, 1, replication_factor, &mut Dice::default()).unwrap_err()
    }

    #[test]
    fn kafka_semantics_199_leaders_and_racks_spread() {
        let racks = ["a", "b", "c"];
        let brokers: Vec<_> =
            (0..6).map(|id| broker(id, Some(racks[id as usize % 3]), false)).collect();
        let mut dice = Dice::default();
        let placed = place(&brokers, 60, 3, &mut dice).unwrap();
        let mut leaders = BTreeMap::new();
        for replicas in &placed {
            let mut of_racks: Vec<_> = replicas.iter().map(|id| id % 3).collect();
            of_racks.sort_unstable();
            assert_eq!(of_racks, [0, 1, 2], "one replica per rack");
            *leaders.entry(replicas[0]).or_insert(0) += 1;
        }
        assert!(leaders.values().all(|count| *count == 10), "{leaders:?}");
    }

    #[test]
    fn fenced_brokers_follow_but_do_not_lead() {
        let brokers = [broker(1, None, false), broker(2, None, true), broker(3, None, false)];
        for replicas in place(&brokers, 20, 3, &mut Dice::default()).unwrap() {
            assert_ne!(replicas[0], 2);
            assert_eq!(replicas[2], 2);
        }
    }

    #[test]
    fn one_broker_takes_everything() {
        let placed = place(&[broker(1, None, false)], 100, 1, &mut Dice::default()).unwrap();
        assert!(placed.iter().all(|replicas| *replicas == [1]));
        let uneven = [broker(1, Some("a"), false), broker(2, Some("b"), true)];
        let placed = place(&uneven, 5, 2, &mut Dice::default()).unwrap();
        assert!(placed.iter().all(|replicas| *replicas == [1, 2]));
    }

    #[test]
    fn kafka_semantics_197_too_few_brokers() {
        let one = [broker(1, None, false)];
        assert_eq!(
            refused(&one, 3),
            "The target replication factor of 3 cannot be reached because only 1 broker(s) are \
             registered or some brokers have all their log directories cordoned."
        );
        assert_eq!(
            refused(&[broker(1, None, true)], 1),
            "All brokers are currently fenced, or have all their log directories cordoned."
        );
        assert_eq!(
            refused(&one, 0),
            "Invalid replication factor 0: the replication factor must be positive."
        );
    }
}
