//! A sorted index file with its newest entries in memory.
//!
//! One writer appends; any number of readers search without a lock. Entries gather in a *tail* in
//! memory and go to the file in one write when the tail is full, or when the segment is flushed or
//! closed; an idle index has no tail.
//!
//! ```text
//! entry     0 … first            first + len
//! file      [ written ----------- | - - - ]      in_file: as far as the file is valid
//! tail               [ all of them        ]
//! ```

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use crate::Error;
use crate::open_files::Handle;
use crate::segment_io::SegmentIo;

/// Entries a new tail has room for.
const TAIL_MIN: usize = 16;
/// Entries after which a tail is written out rather than enlarged: 4 KiB of offset index, 2 MiB
/// of records at the default interval.
const TAIL_MAX: usize = 512;
/// Bytes of a file searched in memory rather than entry by entry.
const PAGE: usize = 4096;
const NOT_COUNTED: u32 = u32::MAX;

/// An entry of fixed size. Entries in an index ascend.
pub(crate) trait IndexEntry: Copy {
    /// Bytes in the file.
    const SIZE: usize;
    /// Words in memory.
    const WORDS: usize;

    fn load(words: &[AtomicU64]) -> Self;
    fn store(self, words: &[AtomicU64]);
    fn decode(bytes: &[u8]) -> Self;
    fn encode(self, bytes: &mut Vec<u8>);
    /// Whether this is what an unused part of a preallocated file reads as.
    fn is_zero(&self) -> bool;
}

#[derive(Debug)]
pub(crate) struct Index<E> {
    pub(crate) handle: Handle,
    tail: ArcSwapOption<Tail>,
    /// Entries of the file that count.
    in_file: AtomicU32,
    /// Entries that are on the disk, 0 if that is not known.
    synced: AtomicU32,
    /// Held while entries go to the file: by the writer, or by a flush.
    writing: Mutex<()>,
    entry: PhantomData<fn() -> E>,
}

#[derive(Debug)]
struct Tail {
    /// Entries before this tail.
    first: u32,
    len: AtomicU32,
    words: Box<[AtomicU64]>,
}

impl Tail {
    fn new<E: IndexEntry>(first: u32, room: usize) -> Self {
        let words = (0..room * E::WORDS).map(|_| AtomicU64::new(0)).collect();
        Self { first, len: AtomicU32::new(0), words }
    }

    fn room<E: IndexEntry>(&self) -> usize {
        self.words.len() / E::WORDS
    }

    fn len(&self) -> usize {
        self.len.load(Ordering::Acquire) as usize
    }

    fn end(&self) -> u32 {
        self.first + self.len.load(Ordering::Acquire)
    }

    fn get<E: IndexEntry>(&self, index: usize) -> E {
        E::load(&self.words[index * E::WORDS..])
    }

    fn push<E: IndexEntry>(&self, entry: E) {
        let len = self.len();
        entry.store(&self.words[len * E::WORDS..]);
        self.len.store(len as u32 + 1, Ordering::Release);
    }

    fn enlarged<E: IndexEntry>(&self) -> Self {
        let larger = Self::new::<E>(self.first, TAIL_MAX.min(4 * self.room::<E>()));
        (0..self.len()).for_each(|index| larger.push(self.get::<E>(index)));
        larger
    }
}

impl<E: IndexEntry> Index<E> {
    /// An index without entries, for a new segment.
    pub(crate) fn empty() -> Self {
        Self::with_entries(0)
    }

    /// An index of whose file the first `entries` count.
    pub(crate) fn with_entries(entries: u32) -> Self {
        Self {
            handle: Handle::default(),
            tail: ArcSwapOption::empty(),
            in_file: AtomicU32::new(entries),
            synced: AtomicU32::new(0),
            writing: Mutex::default(),
            entry: PhantomData,
        }
    }

    /// An index with all the entries in its file, however many.
    pub(crate) fn of_file() -> Self {
        Self::with_entries(NOT_COUNTED)
    }

    /// How many entries there are.
    pub(crate) fn len(&self, io: SegmentIo<'_>) -> Result<u32, Error> {
        match &*self.tail.load() {
            Some(tail) => Ok(tail.end()),
            None => self.entries_in_file(io),
        }
    }

    /// Adds an entry. For the one writer.
    pub(crate) fn append(&self, io: SegmentIo<'_>, entry: E) -> Result<(), Error> {
        let tail = self.tail.load_full();
        let tail = match tail {
            Some(tail) if tail.len() < tail.room::<E>() => tail,
            Some(tail) if tail.len() < TAIL_MAX => self.put_tail(tail.enlarged::<E>()),
            Some(_) => {
                self.write_out(io)?;
                let entries = self.in_file.load(Ordering::Acquire);
                self.put_tail(Tail::new::<E>(entries, TAIL_MAX))
            }
            None => self.put_tail(Tail::new::<E>(self.entries_in_file(io)?, TAIL_MIN)),
        };
        tail.push(entry);
        Ok(())
    }

    fn put_tail(&self, tail: Tail) -> Arc<Tail> {
        let tail = Arc::new(tail);
        self.tail.store(Some(tail.clone()));
        tail
    }

    /// Brings all entries into the file (not: onto the disk).
    pub(crate) fn write_out(&self, io: SegmentIo<'_>) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tail) = self.tail.load_full() else { return Ok(()) };
        let (from, to) = (self.in_file.load(Ordering::Acquire), tail.end());
        if from == to {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity((to - from) as usize * E::SIZE);
        for index in from..to {
            tail.get::<E>((index - tail.first) as usize).encode(&mut bytes);
        }
        io.write_all_at(&bytes, u64::from(from) * E::SIZE as u64)?;
        self.in_file.store(to, Ordering::Release);
        Ok(())
    }

    /// Brings all entries onto the disk, which costs nothing if they are there.
    pub(crate) fn sync(&self, io: SegmentIo<'_>) -> Result<(), Error> {
        self.write_out(io)?;
        let written = self.in_file.load(Ordering::Acquire);
        if written == NOT_COUNTED || written == self.synced.load(Ordering::Relaxed) {
            return Ok(());
        }
        io.sync()?;
        self.synced.store(written, Ordering::Relaxed);
        Ok(())
    }

    /// Cuts what the file has behind the entries that count. For a segment that is closed.
    pub(crate) fn trim(&self, io: SegmentIo<'_>) -> Result<(), Error> {
        let entries = self.in_file.load(Ordering::Acquire);
        let len = u64::from(entries) * E::SIZE as u64;
        if entries == NOT_COUNTED || io.len()? <= len { Ok(()) } else { io.set_len(len) }
    }

    /// Gives back the memory of the tail if all of it is in the file. For the one writer.
    pub(crate) fn release(&self) {
        let written = match &*self.tail.load() {
            Some(tail) => self.in_file.load(Ordering::Acquire) == tail.end(),
            None => false,
        };
        if written {
            self.tail.store(None);
        }
    }

    /// The entry with this number.
    pub(crate) fn get(&self, io: SegmentIo<'_>, index: u32) -> Result<Option<E>, Error> {
        let entries = match &*self.tail.load() {
            Some(tail) if index >= tail.first => {
                let index = (index - tail.first) as usize;
                return Ok((index < tail.len()).then(|| tail.get(index)));
            }
            Some(tail) => tail.first,
            None => self.entries_in_file(io)?,
        };
        if index >= entries { Ok(None) } else { read(io, index).map(Some) }
    }

    /// The last entry.
    pub(crate) fn last(&self, io: SegmentIo<'_>) -> Result<Option<E>, Error> {
        match self.len(io)? {
            0 => Ok(None),
            len => self.get(io, len - 1),
        }
    }

    /// How many entries from the front satisfy `holds`, which holds for the entries up to some
    /// point and for none after it; and the last of them.
    pub(crate) fn search(
        &self,
        io: SegmentIo<'_>,
        holds: impl Fn(&E) -> bool,
    ) -> Result<(u32, Option<E>), Error> {
        let entries = match &*self.tail.load() {
            Some(tail) if tail.len() > 0 && holds(&tail.get(0)) => {
                let count = partition_point(1, tail.len(), |index| holds(&tail.get(index)));
                return Ok((tail.first + count as u32, Some(tail.get(count - 1))));
            }
            Some(tail) => tail.first,
            None => self.entries_in_file(io)?,
        };
        search_file(io, entries, holds)
    }

    /// Counts the entries of the file: the unused part of a preallocated file is zeros.
    fn entries_in_file(&self, io: SegmentIo<'_>) -> Result<u32, Error> {
        let known = self.in_file.load(Ordering::Acquire);
        if known != NOT_COUNTED {
            return Ok(known);
        }
        let counted = count_entries::<E>(io)?;
        self.in_file.store(counted, Ordering::Release);
        Ok(counted)
    }
}

/// Entries in an index file, without the zeros at the end of a preallocated one.
fn count_entries<E: IndexEntry>(io: SegmentIo<'_>) -> Result<u32, Error> {
    let entries = u32::try_from(io.len()? / E::SIZE as u64).unwrap_or(NOT_COUNTED - 1);
    if entries == 0 || !read::<E>(io, entries - 1)?.is_zero() {
        return Ok(entries);
    }
    search_file(io, entries, |entry: &E| !entry.is_zero()).map(|(count, _)| count)
}

fn search_file<E: IndexEntry>(
    io: SegmentIo<'_>,
    entries: u32,
    holds: impl Fn(&E) -> bool,
) -> Result<(u32, Option<E>), Error> {
    if entries == 0 {
        return Ok((0, None));
    }
    let (mut low, mut high) = (0, entries);
    while (high - low) as usize * E::SIZE > PAGE {
        let middle = low + (high - low) / 2;
        if holds(&read(io, middle)?) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // One entry more to the front: the last for which it holds may lie before what is left.
    let from = low.saturating_sub(1);
    let mut page = [0; PAGE + 16];
    let page = &mut page[..(high - from) as usize * E::SIZE];
    io.read_exact_at(page, u64::from(from) * E::SIZE as u64)?;
    let entry = |index: usize| E::decode(&page[index * E::SIZE..]);
    let count = partition_point(0, (high - from) as usize, |index| holds(&entry(index)));
    Ok((from + count as u32, count.checked_sub(1).map(entry)))
}

fn read<E: IndexEntry>(io: SegmentIo<'_>, index: u32) -> Result<E, Error> {
    let mut bytes = [0; 16];
    let bytes = &mut bytes[..E::SIZE];
    io.read_exact_at(bytes, u64::from(index) * E::SIZE as u64)?;
    Ok(E::decode(bytes))
}

fn partition_point(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
