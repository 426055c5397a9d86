//! What the mesh takes while nobody asks.
use crate::bench::Bench;
use crate::processes::resident_mib;
use crate::row::{Goal, Row};
use local::service::Service;
use std::time::Instant;

pub(crate) async fn rows(bench: &Bench) -> anyhow::Result<[Row; 2]> {
    let mut memory = Row::new("whole mesh at rest, MiB", "150 MiB", Goal::AtMost(1.0));
    let mut start = Row::new("services ready after their stores, s", "1 s", Goal::AtMost(1.0));
    for _ in 0..bench.effort.times {
        for service in Service::ALL {
            bench.mesh.processes.stop(service).await;
        }
        let begun = Instant::now();
        futures::future::try_join_all(Service::ALL.map(|service| bench.mesh.processes.start_again(service)))
            .await?;
        start.ratios.push(begun.elapsed().as_secs_f64());
        let each = Service::ALL.map(|service| bench.mesh.processes.pids(service)).concat();
        let sum = each.into_iter().map(resident_mib).sum::<anyhow::Result<f64>>()?;
        println!("at rest: {sum:.0} MiB, ready after {:.2?}", begun.elapsed());
        memory.ratios.push(sum / 150.0);
    }
    Ok([memory, start])
}
