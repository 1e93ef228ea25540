//! Named points where a test can have the process stop: `LINEWATCH_FAILPOINT=NAME:N` aborts it at the N-th pass.
//!
//! Only with debug assertions, as in the profile that tests are built with: a release passes every point.

/// The process passes the point with this name.
#[inline]
pub fn pass(name: &str) {
    if cfg!(debug_assertions) {
        count(name);
    }
}

fn count(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("LINEWATCH_FAILPOINT").ok()?;
        let (name, nth) = text.split_once(':')?;
        Some((name.to_owned(), nth.parse().ok()?))
    });
    if let Some((wanted, nth)) = wanted
        && wanted == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *nth
    {
        std::process::abort();
    }
}
