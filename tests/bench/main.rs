//! How fast the running mesh is, as ratios to what a server of the same making can do at best on the same machine in the
//! same minute. Run by `cargo dev bench`.
#![expect(clippy::print_stdout, reason = "people and CI read it")]
#![expect(clippy::cast_precision_loss, reason = "no count here is that large")]

mod load; // a closed loop of clients
mod processes; // processor time and memory
mod statements; // what the database does for a request
mod row; // what is told of each path
mod yardstick; // the least that can be done
mod clinic; // the clinic that is measured
mod bench; // the mesh, and what is beside it
mod reading; // paths that read
mod booking; // paths that book
mod resting; // what the mesh takes while nobody asks

use bench::Bench;
use clinic::Size;
use row::Row;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How thorough it is.
#[derive(Clone, Copy, Debug)]
struct Effort {
    size: Size,
    /// Who ask at once, where nothing else is said.
    clients: u16,
    /// How often ours and the yardstick are measured, in turn.
    times: u32,
    time: Duration,
    /// The page of a list that is as fast as the first.
    page: u32,
}

const FULL: Effort =
    Effort { size: Size::FULL, clients: 32, times: 3, time: Duration::from_secs(5), page: 10_000 };
/// Whether all of it works, on any machine: so few clients that also a slow one lets all of them in.
const QUICK: Effort =
    Effort { size: Size::QUICK, clients: 8, times: 1, time: Duration::from_secs(1), page: 50 };

/// Words: `full` or `quick`, a file for the figures, days of the past with visits, and what a path's name must contain.
#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((yardstick::WORD, words)) = words.split_first().map(|(word, rest)| (word.as_str(), rest)) {
        yardstick::serve(words).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_quick = words.first().is_some_and(|word| word == "quick");
    let only = words.get(3).map(String::as_str).unwrap_or_default();
    let mut effort = if is_quick { QUICK } else { FULL };
    if let Some(days) = words.get(2) {
        effort.size.days = days.parse()?;
    }
    let rows = measure(effort, only).await?;
    println!("\n{}", row::table(&rows));
    for row in rows.iter().filter(|row| !is_quick && !row.spent.statements.is_empty()) {
        println!("{}, statements of a request:\n{}", row.path, statements::told(&row.spent.statements));
    }
    if let Some(file) = words.get(1) {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
        println!("The same for programs: {file}");
    }
    let all_met = rows.iter().all(Row::is_met);
    // A second each says nothing.
    Ok(if is_quick || all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(effort: Effort, only: &str) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::start(effort).await?;
    let mut rows = Vec::new();
    let wanted = |name: &str| name.contains(only);
    let begun = Instant::now();
    clinic::open(&bench.mesh, effort.size).await?;
    if wanted("resting") {
        rows.extend(resting::rows(&bench).await?);
    }
    let few = if wanted("slots") { Some(reading::slots(&bench).await?) } else { None };
    clinic::grow(&bench.mesh, effort.size).await?;
    println!("{} visits stored in {:.0?}", effort.size.visits(), begun.elapsed());
    if let Some(few) = few {
        rows.push(reading::slots_of_many(&bench, &few).await?);
    }
    if wanted("pages") {
        rows.push(reading::pages(&bench).await?);
    }
    if wanted("cached") {
        rows.push(reading::cached(&bench).await?);
    }
    if wanted("hop") {
        rows.push(reading::one_hop(&bench).await?);
    }
    // Last: who is told of what was booked is told meanwhile.
    if wanted("booking") {
        rows.push(booking::distinct(&bench).await?);
    }
    if wanted("hot") {
        rows.push(booking::hot(&bench).await?);
    }
    Ok(rows)
}
