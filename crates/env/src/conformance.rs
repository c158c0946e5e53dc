//! What holds for both environments, checked on each with the same code.

mod files;
mod network;
mod tasks;

use std::time::Duration;

use crate::{Env, OsOptions};

/// Runs a check on the machine's environment, then on simulated ones.
fn on_both<C: Future<Output = ()>>(check: impl Fn(Env) -> C) {
    let env = Env::os(&OsOptions::default()).unwrap();
    env.block_on(check(env.clone()));
    env.shutdown(Duration::from_secs(10));
    for seed in 0..4 {
        let env = Env::sim(seed);
        env.block_on(check(env.clone()));
        env.shutdown(Duration::ZERO);
    }
}
