//! Files: run on a directory of the machine and on a simulated disk.

use std::io::{ErrorKind, IoSlice};
use std::path::Path;

use crate::{DiskFault, DiskOperation, Files, LockError, OpenOptions, Random, SimDisk, TempDir};

/// Runs a check on both variants, each with an empty directory.
fn on_both(check: fn(&Files, &Path)) {
    let dir = TempDir::new().unwrap();
    check(&Files::os(), dir.path());
    let files = SimDisk::new().files();
    files.create_dir_all("/work").unwrap();
    check(&files, Path::new("/work"));
}

fn names(files: &Files, dir: impl AsRef<Path>) -> Vec<String> {
    files.read_dir(dir).unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn open_modes() {
    on_both(|files, dir| {
        let path = dir.join("a");
        let kind = |options| files.open(&path, options).err().map(|error| error.kind());
        assert_eq!(kind(OpenOptions::read()), Some(ErrorKind::NotFound));
        assert_eq!(kind(OpenOptions::write()), Some(ErrorKind::NotFound));
        assert_eq!(kind(OpenOptions::create_new()), None);
        assert_eq!(kind(OpenOptions::create_new()), Some(ErrorKind::AlreadyExists));
        files.open(&path, OpenOptions::write()).unwrap().write_all_at(b"abc", 0).unwrap();
        assert_eq!(files.open(&path, OpenOptions::create()).unwrap().len().unwrap(), 3);
        assert_eq!(files.open(&path, OpenOptions::truncate()).unwrap().len().unwrap(), 0);
        let read_only = files.open(&path, OpenOptions::read()).unwrap();
        assert!(read_only.write_all_at(b"x", 0).is_err());
        assert!(read_only.set_len(9).is_err());
        let no_parent = files.open(dir.join("b/c"), OpenOptions::create());
        assert_eq!(no_parent.unwrap_err().kind(), ErrorKind::NotFound);
        let through_file = files.open(dir.join("a/c"), OpenOptions::create());
        assert_eq!(through_file.unwrap_err().kind(), ErrorKind::NotADirectory);
    });
}

#[test]
fn the_time_of_the_last_change_can_be_set() {
    on_both(|files, dir| {
        let file = files.open(dir.join("a"), OpenOptions::create()).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        file.set_modified_ms(1_700_000_000_123).unwrap();
        file.sync_all().unwrap();
        assert_eq!(files.metadata(dir.join("a")).unwrap().modified_ms, 1_700_000_000_123);
    });
}

#[test]
fn reads_and_writes_by_offset() {
    on_both(|files, dir| {
        let file = files.open(dir.join("a"), OpenOptions::create()).unwrap();
        file.write_all_at(b"world", 6).unwrap();
        let mut pieces = [IoSlice::new(b""), IoSlice::new(b"hel"), IoSlice::new(b"lo")];
        file.write_vectored_at(&mut pieces, 0).unwrap();
        assert_eq!(files.read(dir.join("a")).unwrap(), b"hello\0world");
        let mut buf = [9; 8];
        assert_eq!(file.read_at(&mut buf, 8).unwrap(), 3);
        assert_eq!(&buf[..3], b"rld");
        assert_eq!(file.read_at(&mut buf, 11).unwrap(), 0);
        assert_eq!(file.read_at(&mut buf, 99).unwrap(), 0);
        let end = file.read_exact_at(&mut buf, 8).unwrap_err();
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
        file.set_len(5).unwrap();
        file.set_len(7).unwrap();
        assert_eq!(files.read(dir.join("a")).unwrap(), b"hello\0\0");
        assert_eq!(files.metadata(dir.join("a")).unwrap().len, 7);
        file.sync_data().unwrap();
        file.sync_all().unwrap();
    });
}

#[test]
fn many_pieces_and_pages_in_one_write() {
    on_both(|files, dir| {
        let content: Vec<u8> = (0..100_000_u32).map(|i| i as u8).collect();
        let file = files.open(dir.join("a"), OpenOptions::create()).unwrap();
        let mut pieces: Vec<IoSlice<'_>> = content.chunks(33).map(IoSlice::new).collect();
        assert!(pieces.len() > 2048);
        file.write_vectored_at(&mut pieces, 17).unwrap();
        assert_eq!(file.len().unwrap(), 100_017);
        let mut read = vec![0; 100_000];
        file.read_exact_at(&mut read, 17).unwrap();
        assert_eq!(read, content);
    });
}

#[test]
fn directories() {
    on_both(|files, dir| {
        files.create_dir_all(dir.join("x/y/z")).unwrap();
        files.create_dir_all(dir.join("x/y/z")).unwrap();
        for name in ["b", "a", "c"] {
            files.open(dir.join("x").join(name), OpenOptions::create()).unwrap();
        }
        assert_eq!(names(files, dir.join("x")), ["a", "b", "c", "y"]);
        let entries = files.read_dir(dir.join("x")).unwrap();
        let dirs: Vec<bool> = entries.iter().map(|entry| entry.is_dir).collect();
        assert_eq!(dirs, [false, false, false, true]);
        assert!(files.metadata(dir.join("x/y")).unwrap().is_dir);
        assert_eq!(files.read_dir(dir.join("no")).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(files.create_dir_all(dir.join("x/a/b")).is_err());
        assert!(files.remove_file(dir.join("x/y")).is_err());
        files.remove_file(dir.join("x/a")).unwrap();
        assert_eq!(files.remove_file(dir.join("x/a")).unwrap_err().kind(), ErrorKind::NotFound);
        files.sync_dir(dir.join("x")).unwrap();
        files.remove_dir_all(dir.join("x")).unwrap();
        assert!(!files.exists(dir.join("x")).unwrap());
        assert!(files.remove_dir_all(dir.join("x")).is_err());
    });
}

#[test]
fn renaming_replaces_files_and_moves_directories() {
    on_both(|files, dir| {
        let write = |name: &str| {
            let file = files.open(dir.join(name), OpenOptions::create()).unwrap();
            file.write_all_at(name.as_bytes(), 0).unwrap();
            file
        };
        let a = write("a");
        let b = write("b");
        files.rename(dir.join("a"), dir.join("b")).unwrap();
        assert_eq!(names(files, dir), ["b"]);
        assert_eq!(files.read(dir.join("b")).unwrap(), b"a");
        let mut buf = [0];
        b.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(&buf, b"b", "an open file outlives its name");
        a.write_all_at(b"A", 0).unwrap();
        assert_eq!(files.read(dir.join("b")).unwrap(), b"A", "an open file follows its new name");
        files.create_dir_all(dir.join("d/e")).unwrap();
        files.rename(dir.join("b"), dir.join("d/b")).unwrap();
        files.rename(dir.join("d"), dir.join("f")).unwrap();
        assert_eq!(names(files, dir.join("f")), ["b", "e"]);
        files.create_dir_all(dir.join("g")).unwrap();
        assert!(files.rename(dir.join("g"), dir.join("f")).is_err(), "f has content");
        assert!(files.rename(dir.join("f/b"), dir.join("g")).is_err(), "g is a directory");
        assert!(files.rename(dir.join("no"), dir.join("z")).is_err());
    });
}

#[test]
fn atomic_replacement_leaves_nothing_beside_it() {
    on_both(|files, dir| {
        files.write_atomically(dir.join("a"), b"first").unwrap();
        files.write_atomically(dir.join("a"), b"2nd").unwrap();
        assert_eq!(files.read(dir.join("a")).unwrap(), b"2nd");
        assert_eq!(names(files, dir), ["a"]);
    });
}

#[test]
fn a_lock_names_its_owner_and_ends_with_its_holder() {
    on_both(|files, dir| {
        let path = dir.join(".lock");
        let lock = files.lock(&path).unwrap();
        let pid: u32 =
            String::from_utf8(files.read(&path).unwrap()).unwrap().trim().parse().unwrap();
        match files.lock(&path).unwrap_err() {
            LockError::Held { pid: Some(owner), .. } => assert_eq!(owner, pid),
            other => panic!("{other}"),
        }
        drop(lock);
        drop(files.lock(&path).unwrap());
        assert!(matches!(files.lock(dir.join("no/.lock")), Err(LockError::Io { .. })));
    });
}

#[test]
fn space_is_told() {
    on_both(|files, dir| {
        let space = files.space(dir).unwrap();
        assert!(space.free > 0 && space.free <= space.total);
        assert_eq!(files.free_space(dir).unwrap() > 0, space.free > 0);
    });
}

#[test]
fn another_process_is_refused_the_lock_and_told_the_owner() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(".lock");
    // Python's lockf is fcntl(F_SETLK), which is what Java's FileChannel.tryLock does.
    let script = "import fcntl,sys\nf=open(sys.argv[1],'r+')\n\
                  try: fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\nexcept OSError: print('refused')";
    let try_elsewhere = || {
        let mut python = std::process::Command::new("python3");
        python.arg("-c").arg(script).arg(&path).output()
    };
    let _lock = Files::os().lock(&path).unwrap();
    // Without Python there is no second process to ask.
    if let Ok(output) = try_elsewhere() {
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "refused");
    }
}

#[test]
fn only_what_was_synced_is_sure_to_survive_a_power_loss() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..64 {
        let disk = SimDisk::new();
        let files = disk.files();
        files.create_dir_all("d").unwrap();
        files.sync_dir("/").unwrap();
        let a = files.open("d/a", OpenOptions::create()).unwrap();
        a.write_all_at(b"synced", 0).unwrap();
        a.sync_data().unwrap();
        files.sync_dir("d").unwrap();
        files.open("d/b", OpenOptions::create()).unwrap();
        files.rename("d/a", "d/c").unwrap();
        disk.power_loss(&Random::seeded(seed));
        assert!(a.len().is_err(), "what a dead process opened is of no use");
        assert!(files.exists("d").is_err());

        let files = disk.files();
        let left = names(&files, "d");
        let kept = if left.contains(&"c".to_owned()) { "d/c" } else { "d/a" };
        assert_eq!(files.read(kept).unwrap(), b"synced");
        seen.insert(left.join(" "));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["a", "a b", "b c"]);
}

#[test]
fn an_atomic_replacement_survives_a_power_loss_at_any_step() {
    for step in 0..8 {
        for seed in 0..16 {
            let disk = SimDisk::new();
            disk.files().write_atomically("/a", b"old").unwrap();
            let operations = [
                DiskOperation::Open,
                DiskOperation::Write,
                DiskOperation::Sync,
                DiskOperation::Rename,
            ];
            disk.inject(DiskFault::io(operations[step % 4]).after(step as u64 / 4));
            let outcome = disk.files().write_atomically("/a", b"new");
            disk.clear_faults();
            disk.power_loss(&Random::seeded(seed));
            let left = disk.files().read("/a").unwrap();
            match outcome {
                Ok(()) => assert_eq!(left, b"new"),
                Err(_) => assert!(left == b"old" || left == b"new", "{left:?}"),
            }
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_but_its_locks_and_files() {
    let disk = SimDisk::new();
    let files = disk.files();
    let lock = files.lock("/.lock").unwrap();
    let file = files.open("/a", OpenOptions::create()).unwrap();
    file.write_all_at(b"unsynced", 0).unwrap();
    disk.process_crash();
    assert!(file.write_all_at(b"late", 0).is_err());
    let files = disk.files();
    assert_eq!(files.read("/a").unwrap(), b"unsynced");
    let second = files.lock("/.lock").unwrap();
    drop(lock);
    assert!(files.lock("/.lock").is_err(), "the dead owner's drop frees nothing");
    drop(second);
}

#[test]
fn a_process_dies_between_two_changes() {
    let disk = SimDisk::new();
    let files = disk.files();
    let file = files.open("/a", OpenOptions::create()).unwrap();
    disk.process_crash_after(2);
    file.write_all_at(b"one", 0).unwrap();
    files.rename("/a", "/b").unwrap();
    assert!(file.write_all_at(b"two", 0).is_err());
    assert!(files.read_dir("/").is_err(), "the dead do not read either");
    disk.process_crash();
    let files = disk.files();
    assert_eq!(files.read("/b").unwrap(), b"one");
    assert_eq!(disk.changes(), 4, "with the two times that a file was opened");
}

#[test]
fn faults_strike_where_and_when_told() {
    let disk = SimDisk::new();
    let files = disk.files();
    let a = files.open("/a", OpenOptions::create()).unwrap();
    let b = files.open("/b", OpenOptions::create()).unwrap();
    disk.inject(DiskFault::full().on("a").after(1).times(1));
    a.write_all_at(b"1234", 0).unwrap();
    b.write_all_at(b"1234", 0).unwrap();
    assert_eq!(a.write_all_at(b"5678", 4).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(files.read("/a").unwrap(), b"123456", "half of a failed write gets through");
    a.write_all_at(b"5678", 4).unwrap();
    disk.inject(DiskFault::io(DiskOperation::Sync));
    assert!(a.sync_data().is_err());
    assert!(files.sync_dir("/").is_err());
    disk.clear_faults();
    a.sync_data().unwrap();
}

#[test]
fn a_bounded_disk_fills_up_and_a_corrupt_byte_shows() {
    let disk = SimDisk::new();
    disk.set_capacity(3 * 4096);
    let files = disk.files();
    let a = files.open("/a", OpenOptions::create()).unwrap();
    a.write_all_at(&[1; 8192], 0).unwrap();
    assert_eq!(files.free_space("/").unwrap(), 4096);
    assert_eq!(a.write_all_at(&[1; 8192], 8192).unwrap_err().kind(), ErrorKind::StorageFull);
    files.remove_file("/a").unwrap();
    assert_eq!(files.free_space("/").unwrap(), 3 * 4096);
    let b = files.open("/b", OpenOptions::create()).unwrap();
    b.write_all_at(b"abc", 0).unwrap();
    disk.corrupt("/b", 1).unwrap();
    assert_eq!(files.read("/b").unwrap(), [b'a', !b'b', b'c']);
}
