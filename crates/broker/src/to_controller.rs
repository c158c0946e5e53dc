//! The way to the active controller.
//!
//! A broker does not know whether the controller runs in its own process or elsewhere: it sends
//! requests and gets responses, as messages (DESIGN: a metadata change walks).

use std::fmt;
use std::pin::Pin;

use wire::{Request, Response};

/// A response on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response, NoController>> + Send>>;

/// Sends requests to the active controller.
pub trait ToController: Send + Sync + fmt::Debug {
    /// Sends a request of the version given; the response is of the same API and version.
    fn send(&self, request: Request, version: i16) -> Answer;
}

/// There is no active controller, or it did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the active controller cannot be reached")]
pub struct NoController;
