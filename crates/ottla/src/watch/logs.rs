//! Log directories, flushes, recovery, compaction.

use std::collections::BTreeMap;
use std::path::PathBuf;

use log::LogDir;
use metrics::Text;
use metrics::table::logs as table;

use super::sources::Sources;

pub(crate) async fn write(sources: &Sources, text: &mut Text) {
    let parts = &sources.parts;
    let replicas = parts.broker.replicas();
    let dirs: Vec<LogDir> = replicas.dirs().dirs().to_vec();
    text.one(&table::OFFLINE_DIRECTORIES, [], dirs.iter().filter(|dir| dir.is_offline()).count());
    let names: Vec<String> = dirs.iter().map(|dir| dir.path().display().to_string()).collect();
    let named = || names.iter().map(String::as_str).zip(&dirs);
    let mut family = text.family(&table::DIRECTORY_OFFLINE);
    named().for_each(|(name, dir)| family.sample([name], dir.is_offline()));
    let (files, paths) =
        (sources.env.files().clone(), dirs.iter().map(|dir| dir.path().to_owned()));
    let paths: Vec<PathBuf> = paths.collect();
    let look = move || paths.iter().map(|path| files.space(path).ok()).collect::<Vec<_>>();
    let spaces = sources.env.blocking(look).await;
    let known =
        || names.iter().zip(&spaces).filter_map(|(name, space)| Some((name, space.as_ref()?)));
    let mut family = text.family(&table::DIRECTORY_TOTAL_BYTES);
    known().for_each(|(name, space)| family.sample([name], space.total));
    let mut family = text.family(&table::DIRECTORY_FREE_BYTES);
    known().for_each(|(name, space)| family.sample([name], space.free));

    let flushes = replicas.flush_times();
    let (before, _) = sources.earlier().flushes.compare(sources.env.now(), &flushes);
    text.family(&table::FLUSH_TIME).summary([], &flushes.since(&before), &flushes);
    let (logs, took) = parts.loaded;
    text.one(&table::LOAD_TIME, [], took.as_secs_f64());
    text.one(&table::LOADED, [], logs);

    let cleaner = parts.cleaner.figures();
    text.one(&table::CLEANER_THREADS, [], cleaner.threads);
    text.one(&table::CLEANED_LOGS, [], cleaner.cleanings);
    text.one(&table::CLEANED_BYTES_BEFORE, [], cleaner.bytes_before);
    text.one(&table::CLEANED_BYTES_AFTER, [], cleaner.bytes_after);
    let mut uncleanable: BTreeMap<PathBuf, usize> =
        dirs.iter().map(|dir| (dir.path().to_owned(), 0)).collect();
    for (partition, _) in replicas.uncleanable() {
        *uncleanable.entry(partition.place_and_size().0).or_default() += 1;
    }
    let mut family = text.family(&table::UNCLEANABLE);
    for (path, count) in uncleanable {
        family.sample([&path.display().to_string()], count);
    }
}
