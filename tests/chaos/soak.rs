//! People work for long: no process grows. A few seconds in every run; `cargo dev soak` takes half an hour.
use crate::journal::{Journal, told};
use crate::{TURN, checks, load};
use local::service::Service;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tokio::time::{Instant, sleep};

const DESKS: u64 = 4;
const SAMPLES: u32 = 30;
/// What may come and go: pages of an allocator, connections of a pool.
const MEMORY_MIB: u64 = 16;
const DESCRIPTORS: u64 = 24;

/// What a process has at one moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    memory_mib: u64,
    descriptors: u64,
}

impl Sample {
    fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        Self { memory_mib: kib / 1024, descriptors: u64::try_from(descriptors).unwrap() }
    }
}

#[tokio::test]
async fn whoever_works_for_long_finds_everything_as_small_as_before() {
    let _turn = TURN.lock().await;
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let desks = load::desks(&admin, DESKS).await;
    let (journal, is_over) = (Journal::default(), AtomicBool::new(false));
    let started = Instant::now();
    let mut samples: BTreeMap<Service, Vec<Sample>> = BTreeMap::new();
    let watching = async {
        for _ in 0..SAMPLES {
            sleep(Duration::from_secs(local::config::soak_seconds()) / SAMPLES).await;
            for service in Service::ALL {
                samples.entry(service).or_default().push(Sample::of(mesh.processes.pids(service)[0]));
            }
        }
        is_over.store(true, Relaxed);
    };
    let (visits, ()) = tokio::join!(load::work(desks, &journal, &is_over), watching);
    let wrong = journal.wrong_since(started);
    println!("{} visits, {} requests in {:?}", visits.len(), journal.len(), started.elapsed());
    for (service, samples) in &samples {
        // Of three parts, the first is for caches and pools to fill.
        let [_, before, after] = [0, 1, 2].map(|part| middle(&samples[part * 10..][..10]));
        println!("{service}: {before:?}, then {after:?}");
        assert!(
            after.memory_mib <= before.memory_mib + before.memory_mib / 10 + MEMORY_MIB,
            "{service}: {samples:?}"
        );
        assert!(after.descriptors <= before.descriptors + DESCRIPTORS, "{service}: {samples:?}");
    }
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), journal.len(), told(&wrong));
    checks::all_is_well(&mesh, &visits).await;
}

/// The median of each.
fn middle(samples: &[Sample]) -> Sample {
    let median = |of: fn(&Sample) -> u64| {
        let mut values: Vec<u64> = samples.iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    Sample {
        memory_mib: median(|sample| sample.memory_mib),
        descriptors: median(|sample| sample.descriptors),
    }
}
