//! One partition replica as a pure machine: epochs, producer state, high watermark, ISR, read bounds.
