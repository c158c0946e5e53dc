//! What the metadata log does while its disk is full: it waits.
//!
//! Without the metadata log nothing can be decided, but everything else goes on; other voters, if
//! there are any, elect another leader meanwhile. When there is room again nothing was lost.

use std::time::Duration;

use env::Env;

/// How long until the next try.
const PAUSE: Duration = Duration::from_millis(250);
/// It is said again after this many tries.
const SAY_AGAIN_AFTER: u32 = 240;

/// Counts the tries of one write.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    tries: u32,
}

impl Patience {
    /// Waits before the next try.
    pub(crate) async fn wait(&mut self, env: &Env, error: &log::Error) {
        if self.tries.is_multiple_of(SAY_AGAIN_AFTER) {
            tracing::error!("the metadata log waits for room on its disk: {error}");
        }
        self.tries += 1;
        env.sleep(PAUSE).await;
    }
}
