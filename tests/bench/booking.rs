//! Paths that book.
use crate::bench::{Bench, CONNECTIONS};
use crate::clinic::{booking, bookings, doctor, time};
use crate::load::Load;
use crate::row::{Goal, Row};
use anyhow::{Context as _, bail, ensure};
use local::programs::Program;
use std::time::Duration;
use tokio::process::Command;

/// More than anything here books in a second.
const MOST: u32 = 3_000;
/// The doctor whom everybody wants; those after it are wanted by one at a time.
const DOCTOR: u32 = 10;
/// The first time that no other path books.
const FREE: u32 = 20 * 48;
/// Who ask for one time at once.
const CROWD: u16 = 64;

/// Every time is asked for once.
pub(crate) async fn distinct(bench: &Bench) -> anyhow::Result<Row> {
    let (token, seconds) = (bench.token().await?, u32::try_from(bench.effort.time.as_secs())?);
    let goal = Goal::AtLeast(0.5);
    let mut row = Row::new("book, each another time", "pgbench, the same transaction and connections", goal);
    let mut first = 0;
    let mut next = |count: u32| {
        let targets = bookings(bench.effort.size, &token, first, count);
        first += count;
        Load::write(bench.folder(), targets)
    };
    // As many as it takes to keep the database busy, and as pgbench has.
    let clients = bench.effort.clients.min(CONNECTIONS);
    bench.ask(&next(MOST)?, clients, Duration::from_secs(1)).await?;
    // As autovacuum does within a minute: plans of tables that were empty are for tables that are.
    bench.mesh.database().await.batch_execute("ANALYZE").await?;
    for turn in 0..bench.effort.times {
        let least = pgbench(bench, turn).await?;
        let load = next(MOST * seconds)?;
        let (answers, spent) = bench.ask(&load, clients, bench.effort.time).await?;
        let answers = answers.all_right()?;
        row.ratios.push(answers.per_second() / least);
        row.of(answers, spent);
    }
    let half = row.per_second.unwrap_or_default() / 2.0;
    row.at_half(&next(MOST * seconds)?.at_rate(&bench.url(), half, bench.effort.time).await?);
    Ok(row)
}

/// Transactions a second of pgbench; in each turn it books other times.
async fn pgbench(bench: &Bench, turn: u32) -> anyhow::Result<f64> {
    let script = bench.folder().join("booking.pgbench");
    std::fs::write(&script, include_str!("booking.pgbench"))?;
    let mut pgbench = Command::new(Program::Postgres.found()?.join("pgbench"));
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file"]).arg(script);
    pgbench.args(["--client", &CONNECTIONS.to_string(), "--time", &bench.effort.time.as_secs().to_string()]);
    for (name, value) in
        [("doctors", bench.effort.size.doctors), ("clients", CONNECTIONS.into()), ("turn", turn), ("n", 0)]
    {
        pgbench.args(["--define", &format!("{name}={value}")]);
    }
    let ended = pgbench.arg(bench.mesh.ground.database.admin_url()).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&ended.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    if !ended.status.success() {
        bail!("pgbench failed:\n{said}{}", String::from_utf8_lossy(&ended.stderr));
    }
    rate.context("pgbench told no rate")
}

/// One time that everybody wants: one gets it, and the others are told so soon.
pub(crate) async fn hot(bench: &Bench) -> anyhow::Result<Row> {
    let token = bench.token().await?;
    let what = "book, one time for 64 clients: p99 of the losers";
    let mut row = Row::new(what, "p50 of who books alone", Goal::AtMost(10.0));
    for turn in 0..bench.effort.times {
        // Times that no other path asks for.
        let (first, wanted) = (FREE + 200 * turn, FREE + 200 * turn + 199);
        let calm: Vec<_> = (DOCTOR + 1..=bench.effort.size.doctors.min(60))
            .flat_map(|doctor| (first..first + 100).map(move |time| (doctor, time)))
            .map(|(doctor, time)| booking(&token, doctor, time, time))
            .collect();
        let calm = Load::write(bench.folder(), calm)?.run(&bench.url(), 1, Duration::from_secs(1)).await?;
        let calm = calm.all_right()?;
        let rush: Vec<_> = (0..100).map(|nth| booking(&token, DOCTOR, wanted, nth)).collect();
        let crowd = Load::write(bench.folder(), rush)?;
        let before = deadlocks(bench).await?;
        let (answers, spent) = bench.ask(&crowd, CROWD, bench.effort.time).await?;
        let (visits, deadlocks) = (booked(bench, wanted).await?, deadlocks(bench).await? - before);
        ensure!(visits == 1, "{visits} visits at one time");
        ensure!(deadlocks == 0, "{deadlocks} deadlocks");
        row.ratios.push(answers.p99().div_duration_f64(calm.p50()));
        row.of(answers, spent);
    }
    Ok(row)
}

/// Visits that the doctor has at that time.
async fn booked(bench: &Bench, nth: u32) -> anyhow::Result<i64> {
    const COUNT: &str = "
        SELECT count(*) FROM appointment.appointments
         WHERE doctor_id = $1::text::uuid AND start_time = $2 AND status = 'scheduled'";
    let row = bench.mesh.database().await.query_one(COUNT, &[&doctor(DOCTOR), &time(nth)]).await?;
    Ok(row.try_get(0)?)
}

/// Deadlocks in the database so far.
async fn deadlocks(bench: &Bench) -> anyhow::Result<i64> {
    const COUNT: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    Ok(bench.mesh.database().await.query_one(COUNT, &[]).await?.try_get(0)?)
}
