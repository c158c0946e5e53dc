//! Record batches: view, validate, iterate, build, compress.
