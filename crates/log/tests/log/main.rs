//! The log as its users see it, on the machine's own files and on simulated ones.

mod support;

mod model;
