//! Handles of what was started.

use std::any::Any;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{AbortHandle, JoinError, JoinHandle};

/// A running task. Await it for its result; dropping it lets the task run on.
#[derive(Debug)]
pub struct Task<T> {
    name: &'static str,
    handle: JoinHandle<T>,
}

/// Why a task gave no result.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It was aborted, or its executor or simulated process is gone.
    #[error("task {0} was aborted")]
    Aborted(&'static str),
    /// It panicked; the panic hook has told where.
    #[error("task {name} panicked: {message}")]
    Panicked {
        /// The name it was started with.
        name: &'static str,
        /// What the panic said.
        message: String,
    },
}

impl<T> Task<T> {
    pub(crate) fn new(name: &'static str, handle: JoinHandle<T>) -> Self {
        Self { name, handle }
    }

    /// The name it was started with.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Drops the task at its next wait; nothing happens if it has ended.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Whether it has ended, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.handle.abort_handle()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let name = self.name;
        let result = ready!(Pin::new(&mut self.handle).poll(cx));
        Poll::Ready(result.map_err(|error| match panic_of(error) {
            Some(panic) => TaskError::Panicked { name, message: panic_message(&*panic) },
            None => TaskError::Aborted(name),
        }))
    }
}

/// Work on the pool for what blocks. Await it for the result; it runs to its end in any case.
/// A panic in it goes on in the awaiting task. When the environment is shut down before the work
/// has begun, the result never comes.
#[derive(Debug)]
pub struct Blocking<T>(JoinHandle<T>);

impl<T> Blocking<T> {
    pub(crate) fn new(handle: JoinHandle<T>) -> Self {
        Self(handle)
    }
}

impl<T> Future for Blocking<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(result) => Poll::Ready(result),
            Err(error) => match panic_of(error) {
                Some(panic) => resume_unwind(panic),
                // The awaiting task is about to be dropped as well.
                None => Poll::Pending,
            },
        }
    }
}

fn panic_of(error: JoinError) -> Option<Box<dyn Any + Send>> {
    error.try_into_panic().ok()
}

/// The text of a panic that was caught.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a text".to_owned(),
    }
}
