//! Free ports on the loopback interface.
use anyhow::bail;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Below those that the kernel gives to outgoing connections, which could take one between our choice and
/// its use.
const RANGE: std::ops::Range<u16> = 15_000..30_000;

/// A port that nobody listens on, different at every call.
pub fn free() -> anyhow::Result<u16> {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let random = RandomState::new();
    for attempt in 0..1_000_u32 {
        let offset = random.hash_one(attempt) % u64::from(RANGE.end - RANGE.start);
        let port = RANGE.start + u16::try_from(offset)?;
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port between {} and {}", RANGE.start, RANGE.end)
}

pub fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}

pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
