//! What happened, in numbers.

use std::ops::AddAssign;

use metrics::Counter;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one listener on one data thread.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        /// What happened on one listener since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            pub(crate) fn counts(&self) -> Counts {
                Counts { $($name: self.$name.get(),)* }
            }
        }

        impl AddAssign for Counts {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Connections that were let in.
    connections_opened,
    /// Connections that ended.
    connections_closed,
    /// Connections closed at once since their address had too many.
    connections_refused,
    /// Connections closed since nothing happened on them.
    connections_idle_closed,
    /// Connections closed since they did not take their replies while memory was short.
    connections_stalled_closed,
    /// Requests given to the handler.
    requests,
    /// Replies that had their turn to be sent.
    replies,
    /// Bytes read from sockets.
    bytes_in,
    /// Bytes written to sockets.
    bytes_out,
    /// Requests that waited for memory before they were read.
    memory_waits,
    /// Connections closed for a length that is negative or over the bound.
    bad_lengths,
    /// Connections that spoke something else: HTTP or TLS.
    foreign_protocols,
    /// Connections closed by the handler's verdict.
    handler_closes,
    /// Connections closed by a panic in the handler.
    handler_panics,
}
