//! The limit of results of all engines together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of results still wanted; unlimited by default. Clones share the count.
#[derive(Clone, Default)]
pub struct Limit(Option<Arc<AtomicU64>>);

impl Limit {
    /// A limit of `results`; `None`: unlimited.
    pub fn new(results: Option<u64>) -> Self {
        Self(results.map(|results| Arc::new(results.into())))
    }

    /// Whether no more results are wanted.
    pub fn is_reached(&self) -> bool {
        self.left() == Some(0)
    }

    /// Whether exactly one more is wanted.
    pub fn is_near(&self) -> bool {
        self.left() == Some(1)
    }

    /// Counts a result. False if the limit was already reached.
    pub fn take(&self) -> bool {
        let one = |left: u64| left.checked_sub(1);
        self.0.as_ref().is_none_or(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one).is_ok())
    }

    fn left(&self) -> Option<u64> {
        self.0.as_ref().map(|left| left.load(Ordering::Relaxed))
    }
}
