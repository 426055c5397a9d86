//! How long it takes to find free times: whether a day's list depends on how many visits are stored, and what a search
//! among all doctors costs beside asking each. Run by `cargo dev bench`.
#![expect(clippy::print_stdout, reason = "what was measured is what it is for")]

mod stored; // databases with few visits and with many

use appointment_svc::domain::diary::Reader;
use appointment_svc::domain::questions::{Among, Dates, Kind};
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use platform::clock::Clock;
use proto::ids::{LocationId, UserId};
use std::time::{Duration, Instant};
use stored::{DAY, DOCTORS, LISTED, Stored, Visits, doctor, patient_of};

/// How often the day of each doctor is listed, in each database.
const ROUNDS: i32 = 60;
/// The first are not counted: statements are prepared, and their plans settle.
const WARM_UP: i32 = 10;
const SEARCHES: usize = 15;
const PAGE: usize = 51;
const SEARCHED: i32 = 60;
/// What a list may take longer with a million visits than with a thousand.
const GOAL: f64 = 1.3;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let begun = Instant::now();
    let week = Visits { doctors: 1..=LISTED, days: 27..=33, a_day: 8 };
    let few = Stored::fill(&[week, Visits { doctors: 18..=18, days: -48..=-1, a_day: 1 }]).await?;
    let past = Visits { doctors: 1..=DOCTORS, days: -1504..=-1, a_day: 1 };
    let many = Stored::fill(&[past, Visits { doctors: 1..=DOCTORS, days: 1..=62, a_day: 8 }]).await?;
    println!("{} and {} visits stored in {:.0?}", few.visits, many.visits, begun.elapsed());
    list(&few, &many).await?;
    search(&many).await
}

/// The same day of the same doctors in both databases, in turn.
async fn list(few: &Stored, many: &Stored) -> anyhow::Result<()> {
    let dates = Dates { from: date_in(DAY), days: 1 };
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        for number in 1..=LISTED {
            let mut databases = [(few, &mut with_few), (many, &mut with_many)];
            if (round + number) % 2 == 0 {
                databases.reverse();
            }
            for (stored, took) in databases {
                let begun = Instant::now();
                let listed =
                    stored.offers.slots(patient_of(number), doctor(number), Kind::default(), dates, None);
                let (slots, _) = listed.await?;
                let elapsed = begun.elapsed();
                // 16 half hours, of which eight are taken.
                anyhow::ensure!(slots.len() == 8, "{} free times", slots.len());
                if round >= WARM_UP {
                    took.push(elapsed);
                }
            }
        }
    }
    let (few_took, many_took) = (median(&mut with_few), median(&mut with_many));
    let ratio = many_took.div_duration_f64(few_took);
    println!("a day's free times, {} lists each, medians:", with_few.len());
    println!("  {:>9} visits stored  {few_took:>10.1?}", few.visits);
    println!(
        "  {:>9} visits stored  {many_took:>10.1?}  ratio {ratio:.2}, the goal is at most {GOAL}",
        many.visits
    );
    anyhow::ensure!(ratio <= GOAL, "a list takes {ratio:.2} times as long");
    Ok(())
}

/// The earliest page among all doctors, beside what each doctor offers, one after the other.
async fn search(many: &Stored) -> anyhow::Result<()> {
    let reader = Reader { user: UserId::random(), patient: None, is_bound: false };
    let dates = Dates { from: date_in(1), days: SEARCHED };
    let (anywhere, nowhere) =
        (Among::default(), Among { location: Some(LocationId::random()), ..Among::default() });
    let mut times = Vec::new();
    let mut in_vain = Vec::new();
    for _ in 0..SEARCHES {
        for (among, expected, took) in [(&anywhere, PAGE, &mut times), (&nowhere, 0, &mut in_vain)] {
            let begun = Instant::now();
            let found = many.offers.search(reader, among, Kind::default(), dates, None, PAGE).await?;
            took.push(begun.elapsed());
            anyhow::ensure!(found.len() == expected, "{} times found", found.len());
        }
    }
    let begun = Instant::now();
    let mut all = Vec::new();
    for number in 1..=DOCTORS {
        let (slots, _) = many.offers.slots(reader, doctor(number), Kind::default(), dates, None).await?;
        all.extend(slots.into_iter().map(|slot| (slot.visit.start, number)));
    }
    all.sort_unstable();
    let one_by_one = begun.elapsed();
    let (earliest, in_vain) = (median(&mut times), median(&mut in_vain));
    println!(
        "the earliest {PAGE} times among {DOCTORS} doctors in {SEARCHED} days, {SEARCHES} searches, medians:"
    );
    println!("  one search            {earliest:>10.1?}");
    println!("  one that finds none   {in_vain:>10.1?}");
    println!(
        "  each doctor's list    {one_by_one:>10.1?}  {:.1} times the search",
        one_by_one.div_duration_f64(earliest)
    );
    Ok(())
}

fn date_in(days: i64) -> Date {
    TimeZone::UTC.to_datetime(Clock::system().now()).date() + Span::new().days(days)
}

fn median(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}
