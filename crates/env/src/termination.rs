//! The request to end the process.

use std::io;

use tokio::signal::unix::{SignalKind, signal as listen};

/// What asked the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// SIGTERM: a service manager, or `kill`.
    Terminate,
    /// SIGINT: Ctrl-C.
    Interrupt,
}

pub(crate) async fn signal() -> io::Result<Termination> {
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(tokio::select! {
        biased;
        _ = terminate.recv() => Termination::Terminate,
        _ = interrupt.recv() => Termination::Interrupt,
    })
}
