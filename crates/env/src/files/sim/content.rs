//! What a simulated file holds, and which part of it would survive a power loss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Random;

const PAGE: usize = 4096;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

type Page = [u8; PAGE];
type Pages = BTreeMap<u64, Arc<Page>>;

/// Sparse content in pages; those equal in both states are shared.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    len: u64,
    live: Pages,
    durable_len: u64,
    durable: Pages,
    /// Pages that a sync would write.
    dirty: BTreeSet<u64>,
    pub(super) modified_ms: i64,
}

impl Content {
    pub(super) fn new(modified_ms: i64) -> Self {
        Self { modified_ms, ..Self::default() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of disk it takes up; holes take none.
    pub(super) fn allocated(&self) -> u64 {
        (self.live.len() * PAGE) as u64
    }

    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let available = self.len.saturating_sub(offset).min(buf.len() as u64) as usize;
        let buf = &mut buf[..available];
        for (page, start, part) in page_parts(offset, buf.len()) {
            let target = &mut buf[part.clone()];
            match self.live.get(&page) {
                Some(content) => target.copy_from_slice(&content[start..start + part.len()]),
                None => target.fill(0),
            }
        }
        available
    }

    pub(super) fn write(&mut self, buf: &[u8], offset: u64) {
        for (page, start, part) in page_parts(offset, buf.len()) {
            let content = self.live.entry(page).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(content)[start..start + part.len()].copy_from_slice(&buf[part]);
            self.dirty.insert(page);
        }
        if !buf.is_empty() {
            self.len = self.len.max(offset + buf.len() as u64);
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            let (last, cut) = (len / PAGE as u64, (len % PAGE as u64) as usize);
            if let Some(content) = self.live.get_mut(&last) {
                Arc::make_mut(content)[cut..].fill(0);
                self.dirty.insert(last);
            }
            let gone = self.live.split_off(&(last + 1));
            self.dirty.extend(gone.into_keys());
        }
        self.len = len;
    }

    pub(super) fn sync(&mut self) {
        for page in std::mem::take(&mut self.dirty) {
            match self.live.get(&page) {
                Some(content) => self.durable.insert(page, Arc::clone(content)),
                None => self.durable.remove(&page),
            };
        }
        self.durable_len = self.len;
    }

    /// As the kernel does it: after a failed sync the pages count as clean, so that a later sync
    /// succeeds without having written them.
    pub(super) fn sync_failed(&mut self) {
        self.dirty.clear();
    }

    /// Turns `byte`, if it is there, into another value, durably.
    pub(super) fn corrupt(&mut self, byte: u64) {
        let (page, start) = (byte / PAGE as u64, (byte % PAGE as u64) as usize);
        for pages in [&mut self.live, &mut self.durable] {
            if let Some(content) = pages.get_mut(&page) {
                Arc::make_mut(content)[start] ^= 0xff;
            }
        }
    }

    /// Loses what was not synced: all of it, none, a prefix, or any sectors; the length may be the
    /// old one, the new one or one between them.
    pub(super) fn power_loss(&mut self, random: &Random) {
        let dirty = std::mem::take(&mut self.dirty);
        let fate = Fate::draw(random, dirty.len() as u64);
        for (nth, page) in dirty.into_iter().enumerate() {
            let kept = match fate {
                Fate::Nothing => None,
                Fate::Everything => self.live.get(&page).cloned(),
                Fate::Prefix(count) if (nth as u64) < count => self.live.get(&page).cloned(),
                Fate::Prefix(_) => None,
                Fate::AnySectors => Some(self.torn(page, random)),
            };
            if let Some(content) = kept {
                self.durable.insert(page, content);
            }
        }
        let (low, high) = (self.len.min(self.durable_len), self.len.max(self.durable_len));
        let len = match fate {
            Fate::Nothing => self.durable_len,
            Fate::Everything => self.len,
            Fate::Prefix(_) | Fate::AnySectors => low + random.below(high - low + 1),
        };
        self.live = self.durable.clone();
        self.len = high;
        self.set_len(len);
        self.sync();
    }

    fn torn(&self, page: u64, random: &Random) -> Arc<Page> {
        let zeros = Arc::new([0; PAGE]);
        let old = self.durable.get(&page).unwrap_or(&zeros);
        let new = self.live.get(&page).unwrap_or(&zeros);
        let mut torn = *Arc::clone(old);
        for sector in (0..PAGE).step_by(SECTOR) {
            if random.chance(1, 2) {
                let range = sector..sector + SECTOR;
                torn[range.clone()].copy_from_slice(&new[range]);
            }
        }
        Arc::new(torn)
    }
}

/// What happens to the unsynced pages of one file.
#[derive(Clone, Copy)]
enum Fate {
    Nothing,
    Everything,
    Prefix(u64),
    AnySectors,
}

impl Fate {
    fn draw(random: &Random, dirty: u64) -> Self {
        match random.below(4) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => Self::Prefix(random.below(dirty + 1)),
            _ => Self::AnySectors,
        }
    }
}

/// Cuts `len` bytes from `offset` on at page borders: page, start in the page, range of the bytes.
fn page_parts(
    offset: u64,
    len: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let position = offset + done as u64;
        let start = (position % PAGE as u64) as usize;
        let count = (PAGE - start).min(len - done);
        let part = done..done + count;
        done += count;
        Some((position / PAGE as u64, start, part))
    })
}

#[cfg(test)]
mod tests {
    use super::{Content, Random};

    fn all(content: &Content) -> Vec<u8> {
        let mut buf = vec![9; content.len() as usize];
        assert_eq!(content.read(&mut buf, 0), buf.len());
        buf
    }

    #[test]
    fn holes_and_cut_tails_read_as_zeros() {
        let mut content = Content::default();
        content.write(b"abc", 10_000);
        assert_eq!(content.len(), 10_003);
        assert_eq!(all(&content)[..10_000], [0; 10_000]);
        content.set_len(10_001);
        content.set_len(10_003);
        assert_eq!(all(&content)[10_000..], *b"a\0\0");
        assert_eq!(content.read(&mut [0; 4], 10_003), 0);
    }

    #[test]
    fn synced_content_survives_and_the_rest_is_old_or_new_by_sector() {
        let (mut lost, mut kept, mut torn) = (0, 0, 0);
        for seed in 0..200 {
            let mut content = Content::default();
            content.write(&[1; 8192], 0);
            content.sync();
            content.write(&[2; 8192], 4096);
            content.power_loss(&Random::seeded(seed));
            let after = all(&content);
            assert!(after.len() >= 8192 && after.len() <= 12_288);
            assert_eq!(after[..4096], [1; 4096]);
            for sector in after[4096..8192].chunks(512) {
                assert!(sector == [1; 512] || sector == [2; 512]);
            }
            match (after.len(), after[4096..].iter().filter(|byte| **byte == 2).count()) {
                (8192, 0) => lost += 1,
                (12_288, 8192) => kept += 1,
                _ => torn += 1,
            }
        }
        assert!(lost > 10 && kept > 10 && torn > 10, "{lost} {kept} {torn}");
    }

    #[test]
    fn a_failed_sync_is_not_made_good_by_the_next() {
        let mut content = Content::default();
        content.write(b"old", 0);
        content.sync();
        content.write(b"new", 0);
        content.sync_failed();
        content.sync();
        content.power_loss(&Random::seeded(1));
        assert_eq!(all(&content), b"old");
    }
}
