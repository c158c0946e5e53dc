//! The server from outside, on the machine's environment and on simulated ones.

mod bad_input;
mod limits;
mod order;
mod random;
mod replies;
mod rig;
