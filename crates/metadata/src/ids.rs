//! The small values every part of the metadata speaks of.

use std::fmt;
use std::ops::Deref;

use wire::Uuid;

/// The leader of a partition that has none.
pub const NO_LEADER: i32 = -1;

/// Log directory ids that say something instead of naming a directory (KIP-858).
///
/// The first hundred ids are reserved: [`directory::is_reserved`].
pub mod directory {
    use wire::Uuid;

    /// A replica whose directory was chosen before directories had ids.
    pub const MIGRATING: Uuid = reserved(0);
    /// A new replica whose broker has yet to choose a directory.
    pub const UNASSIGNED: Uuid = reserved(1);
    /// A directory that is gone.
    pub const LOST: Uuid = reserved(2);

    const fn reserved(last: u8) -> Uuid {
        let mut bytes = [0; 16];
        bytes[15] = last;
        Uuid(bytes)
    }

    /// Whether `id` is one of the hundred ids that never name a directory.
    pub fn is_reserved(id: Uuid) -> bool {
        id.0[..15].iter().all(|byte| *byte == 0) && id.0[15] < 100
    }
}

/// A list of broker ids: replicas, in-sync replicas and the like.
///
/// Up to three ids, the usual replication factor, lie in the value itself: sixteen bytes instead of
/// a heap block for each of the six lists of a partition.
#[derive(Clone)]
pub struct BrokerIds(Repr);

const INLINE_MAX: usize = 3;

#[derive(Clone)]
enum Repr {
    Inline { len: u8, ids: [i32; INLINE_MAX] },
    Heap(Box<HeapIds>),
}

#[derive(Clone)]
struct HeapIds {
    ids: Vec<i32>,
}

impl BrokerIds {
    /// The empty list.
    pub const EMPTY: Self = Self(Repr::Inline { len: 0, ids: [0; INLINE_MAX] });

    /// Whether every id of `other` is in this list.
    pub fn contains_all(&self, other: &[i32]) -> bool {
        other.iter().all(|id| self.contains(id))
    }

    /// The list without `id`.
    pub fn without(&self, id: i32) -> Self {
        self.iter().copied().filter(|member| *member != id).collect()
    }
}

impl Default for BrokerIds {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Deref for BrokerIds {
    type Target = [i32];

    fn deref(&self) -> &[i32] {
        match &self.0 {
            Repr::Inline { len, ids } => &ids[..usize::from(*len)],
            Repr::Heap(heap) => &heap.ids,
        }
    }
}

impl From<&[i32]> for BrokerIds {
    fn from(ids: &[i32]) -> Self {
        if ids.len() > INLINE_MAX {
            return Self(Repr::Heap(Box::new(HeapIds { ids: ids.to_vec() })));
        }
        let mut inline = [0; INLINE_MAX];
        inline[..ids.len()].copy_from_slice(ids);
        Self(Repr::Inline { len: ids.len() as u8, ids: inline })
    }
}

impl<const N: usize> From<[i32; N]> for BrokerIds {
    fn from(ids: [i32; N]) -> Self {
        Self::from(ids.as_slice())
    }
}

impl From<&Vec<i32>> for BrokerIds {
    fn from(ids: &Vec<i32>) -> Self {
        Self::from(ids.as_slice())
    }
}

impl From<Vec<i32>> for BrokerIds {
    fn from(ids: Vec<i32>) -> Self {
        Self::from(ids.as_slice())
    }
}

impl FromIterator<i32> for BrokerIds {
    fn from_iter<I: IntoIterator<Item = i32>>(ids: I) -> Self {
        Self::from(ids.into_iter().collect::<Vec<i32>>())
    }
}

impl<'a> IntoIterator for &'a BrokerIds {
    type Item = &'a i32;
    type IntoIter = std::slice::Iter<'a, i32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for BrokerIds {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for BrokerIds {}

impl fmt::Debug for BrokerIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The directory of each replica of a partition, in the order of the replicas.
#[derive(Clone)]
pub struct Directories(DirectoriesRepr);

#[derive(Clone)]
enum DirectoriesRepr {
    One([Uuid; 1]),
    Many(Box<[Uuid]>),
}

impl Default for Directories {
    fn default() -> Self {
        Self(DirectoriesRepr::Many(Box::default()))
    }
}

impl Deref for Directories {
    type Target = [Uuid];

    fn deref(&self) -> &[Uuid] {
        match &self.0 {
            DirectoriesRepr::One(id) => id,
            DirectoriesRepr::Many(ids) => ids,
        }
    }
}

impl From<&[Uuid]> for Directories {
    fn from(ids: &[Uuid]) -> Self {
        match ids {
            [id] => Self(DirectoriesRepr::One([*id])),
            ids => Self(DirectoriesRepr::Many(ids.into())),
        }
    }
}

impl FromIterator<Uuid> for Directories {
    fn from_iter<I: IntoIterator<Item = Uuid>>(ids: I) -> Self {
        Self::from(ids.into_iter().collect::<Vec<Uuid>>().as_slice())
    }
}

impl PartialEq for Directories {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Directories {}

impl fmt::Debug for Directories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lists_are_lists() {
        for ids in [vec![], vec![1], vec![3, 1, 2], vec![5, 4, 3, 2, 1]] {
            let list = BrokerIds::from(&ids);
            assert_eq!(&*list, ids.as_slice());
            assert_eq!(list, ids.iter().copied().collect());
        }
        assert_eq!(BrokerIds::from([1, 2, 3, 4]).without(2), BrokerIds::from([1, 3, 4]));
        assert!(BrokerIds::from([1, 2]).contains_all(&[2]));
        assert!(!BrokerIds::from([1, 2]).contains_all(&[2, 3]));
        assert_eq!(size_of::<BrokerIds>(), 16);
        assert_eq!(size_of::<Directories>(), 24);
    }

    #[test]
    fn reserved_directories() {
        assert!(directory::is_reserved(directory::LOST));
        assert!(!directory::is_reserved(Uuid([1; 16])));
    }
}
