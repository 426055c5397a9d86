//! Paths that read.
use crate::bench::{Bench, CONNECTIONS};
use crate::clinic::{DAY, doctor};
use crate::load::{Answers, Load, Target};
use crate::row::{Goal, Row};
use crate::yardstick::Yardstick;
use std::time::{Duration, Instant};
use tests::clinic::date_in;

/// Who read lists at once: few enough for slow machines to let all of them in.
const READERS: u16 = 8;

/// The time with a thousand visits.
pub(crate) struct Few(Vec<Duration>);

pub(crate) async fn cached(bench: &Bench) -> anyhow::Result<Row> {
    let path = format!("/api/doctors/{}", doctor(1));
    let body = bench.admin.get(&path).await.ok().to_string();
    let file = bench.folder().join("doctor.json");
    std::fs::write(&file, &body)?;
    let bare = Yardstick::bytes(&file.to_string_lossy()).await?;
    let (ours, theirs) = (Target::get(&path, bench.token().await?), Target::get("/", ""));
    let (what, against) = ("GET a doctor, cached", "bare axum, the same bytes");
    bench.against(what, against, Goal::AtLeast(0.5), ours, &bare.url, theirs).await
}

pub(crate) async fn one_hop(bench: &Bench) -> anyhow::Result<Row> {
    let database_url = bench.mesh.ground.database.admin_url();
    let [front, _back] = Yardstick::chain(&database_url, CONNECTIONS.into()).await?;
    let ours = Target::get("/api/auth/me", bench.token().await?);
    let theirs = Target::get(format!("/accounts/{}", bench.admin.id), "");
    let (what, against) = ("GET one's account, one hop", "axum, tonic, tokio-postgres, the same SELECT");
    bench.against(what, against, Goal::AtLeast(0.7), ours, &front.url, theirs).await
}

/// How long one who asks alone waits for the free times of a day.
pub(crate) async fn slots(bench: &Bench) -> anyhow::Result<Few> {
    let mut times = Vec::new();
    for _ in 0..bench.effort.times {
        times.push(list(bench).await?.p50());
    }
    Ok(Few(times))
}

pub(crate) async fn slots_of_many(bench: &Bench, few: &Few) -> anyhow::Result<Row> {
    let mut row = Row::new("available-slots, one day", "itself with 10³ visits", Goal::AtMost(1.3));
    for few in &few.0 {
        let answers = list(bench).await?;
        row.ratios.push(answers.p50().div_duration_f64(*few));
        row.of(answers, <_>::default());
    }
    Ok(row)
}

async fn list(bench: &Bench) -> anyhow::Result<Answers> {
    let token = bench.token().await?;
    // The doctors in turn.
    let paths = (1..=9).map(|number| {
        format!("/api/appointments/doctor/{}/available-slots?date={}", doctor(number), date_in(DAY))
    });
    let targets: Vec<Target> = paths.map(|path| Target::get(path, token.as_str())).collect();
    let load = Load::write(bench.folder(), targets)?;
    load.run(&bench.url(), 1, Duration::from_secs(1)).await?;
    load.run(&bench.url(), 1, bench.effort.time).await?.all_right()
}

/// The first page of all visits, and one far behind it.
pub(crate) async fn pages(bench: &Bench) -> anyhow::Result<Row> {
    let token = bench.token().await?;
    let rest = bench.admin.rest.with_token(&token);
    let first = "/api/appointments?limit=50".to_owned();
    let (mut page, begun) = (first.clone(), Instant::now());
    for _ in 1..bench.effort.page {
        let answer = rest.get(&page).await;
        let link = answer.header("link").to_owned();
        link.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut page);
    }
    println!("page {} found in {:.0?}", bench.effort.page, begun.elapsed());
    let [first, last] =
        [first, page].map(|path| Load::write(bench.folder(), vec![Target::get(path, token.as_str())]));
    let (first, last) = (first?, last?);
    let mut row = Row::new("list visits, page 10,000", "page 1", Goal::AtMost(1.2));
    for _ in 0..bench.effort.times {
        let (near, _) = bench.ask(&first, READERS, bench.effort.time).await?;
        let (far, spent) = bench.ask(&last, READERS, bench.effort.time).await?;
        row.ratios.push(near.all_right()?.per_second() / far.all_right()?.per_second());
        row.of(far, spent);
    }
    Ok(row)
}
