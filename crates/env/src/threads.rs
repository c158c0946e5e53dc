//! The machine's own threads and runtimes.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::OsOptions;

/// The control runtime with its pool for blocking work, and the data threads. All of them sleep
/// in the kernel while there is nothing to do.
#[derive(Debug)]
pub(crate) struct OsThreads {
    control: Handle,
    owned: Mutex<Owned>,
}

#[derive(Debug)]
struct Owned {
    control: Option<Runtime>,
    /// One for each data thread, which ends when it is dropped.
    data: Vec<oneshot::Sender<()>>,
    /// Each data thread sends once, at its end.
    ended: (Sender<()>, Receiver<()>),
}

impl OsThreads {
    pub(crate) fn start(options: &OsOptions) -> io::Result<Self> {
        let control = Builder::new_multi_thread()
            .enable_all()
            .worker_threads(options.control_threads.max(1))
            .max_blocking_threads(options.blocking_threads.max(1))
            .thread_name("control")
            .build()?;
        let owned = Owned { control: None, data: Vec::new(), ended: channel() };
        let handle = control.handle().clone();
        let owned = Mutex::new(Owned { control: Some(control), ..owned });
        Ok(Self { control: handle, owned })
    }

    pub(crate) fn control(&self) -> &Handle {
        &self.control
    }

    /// Starts one more data thread and gives its runtime's handle.
    pub(crate) fn start_data_thread(&self) -> io::Result<Handle> {
        let mut owned = self.owned();
        let ended = owned.ended.0.clone();
        let name = format!("data-{}", owned.data.len());
        let (handle, stop) = start_thread(name, move || _ = ended.send(()))?;
        owned.data.push(stop);
        Ok(handle)
    }

    pub(crate) fn shutdown(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let mut owned = self.owned();
        let running = owned.data.len();
        // Dropping the senders is the signal.
        owned.data.clear();
        for _ in 0..running {
            let left = deadline.saturating_duration_since(Instant::now());
            if owned.ended.1.recv_timeout(left).is_err() {
                break;
            }
        }
        if let Some(control) = owned.control.take() {
            control.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    }

    fn owned(&self) -> MutexGuard<'_, Owned> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a thread with a runtime of its own, which ends when the sender is dropped; `at_end` runs
/// last.
pub(crate) fn start_thread(
    name: String,
    at_end: impl FnOnce() + Send + 'static,
) -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new().name(name).spawn(move || {
        // The sender is only ever dropped.
        _ = runtime.block_on(stopped);
        drop(runtime);
        at_end();
    })?;
    Ok((handle, stop))
}

impl Drop for OsThreads {
    fn drop(&mut self) {
        // This may run inside a task, where waiting for a runtime's end is not allowed.
        if let Some(control) = self.owned().control.take() {
            control.shutdown_background();
        }
    }
}
