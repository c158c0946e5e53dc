//! States of a group's share partitions begin and end at their share coordinators.

use std::sync::Arc;
use std::time::Duration;

use group::{BeginStates, Partitions, StatesBegun};
use share::ShareKey;
use share::coordinator::{Call, Delete, Error, Initialize};
use wire::{ErrorCode, Str, Uuid};

use super::state::{StateRefusal, is_temporary, refused};
use crate::auto_create::AutoCreation;
use crate::error_map;
use crate::state::Broker;
use crate::topic_name::SHARE_GROUP_STATE;

/// How often coordinators that cannot answer now are asked, and how long before the second time.
const ATTEMPTS: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// Where a state begins that leaves it to the partition's leader.
const FROM_LEADER: i64 = -1;

/// A share partition of a group: its topic's id, and its index.
type Place = (Uuid, i32);

impl Broker {
    /// Lets states begin in the background, and tells the group.
    pub(crate) fn begin_states_later(self: &Arc<Self>, begin: BeginStates) {
        let broker = Arc::clone(self);
        let work = async move {
            broker.begin_states(&begin).await;
        };
        drop(self.env.spawn("begin share states", work));
    }

    /// Lets states begin and tells the group; what became of each.
    pub(crate) async fn begin_states(
        self: &Arc<Self>,
        begin: &BeginStates,
    ) -> Vec<(Place, Result<(), StateRefusal>)> {
        let BeginStates { group_id, state_epoch, partitions } = begin;
        let initialize = |((topic_id, partition), start_offset): &(Place, i64)| Initialize {
            key: key(group_id, (*topic_id, *partition)),
            state_epoch: *state_epoch,
            start_offset: *start_offset,
            exists: self.exists(*topic_id, *partition),
        };
        if partitions.iter().any(|(.., offset)| *offset != FROM_LEADER) {
            self.forget_shares(group_id);
        }
        let wanted = partitions.iter().map(|(id, index, offset)| ((*id, *index), *offset));
        let results = self.ask_all(group_id, wanted.collect(), initialize).await;
        let mut told = StatesBegun {
            group_id: group_id.clone(),
            begun: Partitions::new(),
            failed: Partitions::new(),
        };
        for (((topic_id, index), _), result) in &results {
            let places = if result.is_ok() { &mut told.begun } else { &mut told.failed };
            places.entry(*topic_id).or_default().insert(*index);
            if let Err((error, text)) = result {
                let group = &**group_id;
                tracing::warn!(group, %topic_id, index, %error, "no share state begins: {text}");
            }
        }
        // A group that moved away begins again where it is loaded next.
        let _ = self.groups.call(group_id, told).await;
        results.into_iter().map(|((place, _), result)| (place, result)).collect()
    }

    /// Lets states end; what became of each.
    pub(crate) async fn end_states(
        self: &Arc<Self>,
        group_id: &Str,
        places: Vec<Place>,
    ) -> Vec<(Place, Result<(), StateRefusal>)> {
        self.forget_shares(group_id);
        let delete = |place: &Place| Delete {
            key: key(group_id, *place),
            exists: self.exists(place.0, place.1),
        };
        self.ask_all(group_id, places, delete).await
    }

    fn exists(&self, topic_id: Uuid, partition: i32) -> bool {
        let image = self.image();
        let topic = image.topics.by_id(topic_id);
        topic.is_some_and(|topic| topic.partition(partition).is_some())
    }

    /// Asks the coordinators of many share partitions at once, and those that are not ready again.
    async fn ask_all<T: Placed, C>(
        self: &Arc<Self>,
        group_id: &Str,
        wanted: Vec<T>,
        call: impl Fn(&T) -> C,
    ) -> Vec<(T, Result<(), StateRefusal>)>
    where
        C: Call<Answer = Result<(), Error>>,
    {
        let (mut done, mut left) = (Vec::with_capacity(wanted.len()), wanted);
        let (mut attempt, mut backoff) = (1, FIRST_BACKOFF);
        while !left.is_empty() {
            let asked = std::mem::take(&mut left).into_iter().map(|wanted| {
                let key = key(group_id, wanted.place());
                let answer = self.share_states.call(&key, call(&wanted));
                (wanted, answer)
            });
            for (wanted, answer) in asked.collect::<Vec<_>>() {
                let result = match answer.await {
                    Ok(answer) => answer.map_err(refused),
                    Err(error) => {
                        let code = error_map::coordination(error);
                        if is_temporary(code) && attempt < ATTEMPTS {
                            left.push(wanted);
                            continue;
                        }
                        Err((code, Str::from(code.text())))
                    }
                };
                done.push((wanted, result));
            }
            if !left.is_empty() {
                if self.image().topics.by_name(SHARE_GROUP_STATE).is_none() {
                    AutoCreation::start(self, &[Str::from_static(SHARE_GROUP_STATE)]);
                }
                self.env.sleep(backoff).await;
                (attempt, backoff) = (attempt + 1, backoff * 2);
            }
        }
        done
    }
}

/// Something that is about a share partition.
trait Placed {
    fn place(&self) -> Place;
}

impl Placed for Place {
    fn place(&self) -> Place {
        *self
    }
}

impl Placed for (Place, i64) {
    fn place(&self) -> Place {
        self.0
    }
}

fn key(group_id: &Str, (topic_id, partition): Place) -> ShareKey {
    ShareKey { group_id: group_id.clone(), topic_id, partition }
}

/// The first error among states of one topic.
pub(crate) fn first_error<'a>(
    results: impl IntoIterator<Item = &'a Result<(), StateRefusal>>,
) -> Option<ErrorCode> {
    results.into_iter().find_map(|result| result.as_ref().err().map(|(error, _)| *error))
}
