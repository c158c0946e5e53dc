//! A small HTTP/1 server on the sockets of `env`, so that it runs in a simulation as well.
//!
//! A [`Handler`] answers requests; a body is whole or comes in pieces. Bounds: connections at a
//! time, bytes of a request's head, and how long a connection may be silent. Bodies of requests are
//! not read: this is for those who look.

mod answer;
mod server;
mod socket;

pub use answer::{Answering, Body, Handler, Pieces, Request, Response};
pub use server::{Limits, serve};
