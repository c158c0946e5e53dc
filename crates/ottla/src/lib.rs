//! The node that the one binary runs, and the commands around it.

mod data_dirs;
mod error;
mod local_controller;
mod logging;
mod node;
mod refusals;
mod settings;
pub mod start;
mod watch;

pub use broker::Loggers;
pub use error::StartError;
pub use node::{Node, NodeOptions};
