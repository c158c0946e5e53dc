//! Where pushed metrics go: lines of OTLP's JSON in files of bounded size, which OpenTelemetry's
//! collector reads (its receiver `otlpjsonfile`), and people do.

use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use env::{Env, File, Files, Instant, OpenOptions};
use tokio::sync::Notify;

/// A file that is larger gets a new name, and a new one is begun.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Older files that are kept.
const OLDER_MAX: u32 = 3;
/// Bytes that may wait for the disk; what comes while it is that far behind is dropped.
const WAITING_BYTES_MAX: usize = 16 << 20;
/// That something was dropped is said at most this often.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Takes lines from requests, which never wait for the disk, and writes them.
#[derive(Clone, Debug)]
pub struct Receiver {
    env: Env,
    path: PathBuf,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Mutex<Lines>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    text: String,
    dropped: u64,
}

impl Receiver {
    /// A receiver that writes `client-metrics-<node>.jsonl` in this directory, which is made if it
    /// is not there. It writes once [`run`](Self::run) runs.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(env: &Env, dir: &Path, node_id: i32) -> io::Result<Self> {
        env.files().create_dir_all(dir)?;
        let path = dir.join(format!("client-metrics-{node_id}.jsonl"));
        Output::open(env.files(), &path)?;
        Ok(Self { env: env.clone(), path, waiting: Arc::default() })
    }

    /// Takes a line, with its end.
    pub(super) fn receive(&self, line: String) {
        let mut lines = self.lines();
        if line.len() > WAITING_BYTES_MAX.saturating_sub(lines.text.len()) {
            lines.dropped += 1;
        } else if lines.text.is_empty() {
            lines.text = line;
        } else {
            lines.text.push_str(&line);
        }
        drop(lines);
        self.waiting.arrived.notify_one();
    }

    /// Writes what comes.
    pub async fn run(self) {
        let mut output = None;
        let mut complained: Option<Instant> = None;
        let mut dropped = 0;
        loop {
            self.waiting.arrived.notified().await;
            let lines = mem::take(&mut *self.lines());
            dropped += lines.dropped;
            let (files, path) = (self.env.files().clone(), self.path.clone());
            let writing = self.env.blocking(move || write(&files, &path, output, &lines.text));
            let reason = match writing.await {
                Ok(written) => {
                    output = Some(written);
                    "the disk is too slow".to_owned()
                }
                Err(error) => {
                    output = None;
                    dropped += 1;
                    error.to_string()
                }
            };
            let now = self.env.now();
            let is_due = complained.is_none_or(|then| now - then >= COMPLAINT_INTERVAL);
            if dropped > 0 && is_due {
                let path = self.path.display();
                tracing::warn!("{path}: metrics of clients were dropped {dropped} times: {reason}");
                (complained, dropped) = (Some(now), 0);
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.waiting.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that is written.
struct Output {
    file: File,
    length: u64,
}

impl Output {
    fn open(files: &Files, path: &Path) -> io::Result<Self> {
        let file = files.open(path, OpenOptions::create())?;
        let length = file.len()?;
        Ok(Self { file, length })
    }
}

/// Puts lines at the end of the file, and begins a new one when it is large.
fn write(files: &Files, path: &Path, output: Option<Output>, lines: &str) -> io::Result<Output> {
    let mut output = match output {
        Some(output) => output,
        None => Output::open(files, path)?,
    };
    if output.length > 0 && output.length.saturating_add(lines.len() as u64) > FILE_BYTES_MAX {
        drop(output);
        rotate(files, path)?;
        output = Output::open(files, path)?;
    }
    // Where a write failed half-way the next one begins at the same place.
    output.file.write_all_at(lines.as_bytes(), output.length)?;
    output.length += lines.len() as u64;
    Ok(output)
}

/// Gives the file the name of the newest older one, that one the next name, and so on; the oldest
/// goes.
fn rotate(files: &Files, path: &Path) -> io::Result<()> {
    for age in (0..OLDER_MAX).rev() {
        let from = aged(path, age);
        if files.exists(&from)? {
            files.rename(from, aged(path, age + 1))?;
        }
    }
    Ok(())
}

fn aged(path: &Path, age: u32) -> PathBuf {
    if age == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_set_aside_and_the_oldest_goes() {
        let env = Env::sim(1);
        let (files, path) = (env.files(), Path::new("/m/client-metrics-1.jsonl"));
        files.create_dir_all("/m").unwrap();
        let half = "x".repeat(FILE_BYTES_MAX as usize / 2 + 1);
        let mut output = None;
        for round in 0..6 {
            let line = format!("{round}{half}\n");
            output = Some(write(files, path, output, &line).unwrap());
        }
        let first = |age| files.read(aged(path, age)).map(|bytes| bytes[0]).ok();
        let found: Vec<_> = (0..5).map(first).collect();
        assert_eq!(found, [Some(b'5'), Some(b'4'), Some(b'3'), Some(b'2'), None]);
    }

    #[test]
    fn what_the_disk_does_not_take_is_bounded() {
        let env = Env::sim(1);
        let receiver = Receiver::open(&env, Path::new("/m"), 1).unwrap();
        let line = "x".repeat(WAITING_BYTES_MAX / 2);
        for _ in 0..4 {
            receiver.receive(line.clone());
        }
        assert_eq!(receiver.lines().text.len(), WAITING_BYTES_MAX);
        assert_eq!(receiver.lines().dropped, 2);
    }
}
