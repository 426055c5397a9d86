//! Use case of operators: visits whose time another release of the time zone database moves. What was agreed is the
//! local time; that it is another instant now is for people to settle. Nothing is changed.
use crate::domain::local;
use crate::store::{Agreed, Store};
use platform::clock::time_zone_database;
use std::io::Write;

/// Writes a line for each visit ahead that now begins at another instant than it was booked for; fails when there is one.
pub async fn recheck(store: &Store, out: &mut impl Write) -> anyhow::Result<()> {
    let agreed = store.connection().await?.agreed_ahead().await?;
    let looked_at = agreed.len();
    let moved: Vec<Agreed> = agreed.into_iter().filter(is_moved).collect();
    for Agreed { id, start, local, zone } in &moved {
        let now = match local::typed(zone, *local) {
            Ok(instant) => instant.to_string(),
            Err(_) => "at no instant".to_owned(),
        };
        let zone = crate::domain::zone::name(zone);
        writeln!(out, "{id}: {local} in {zone} was {start} and is {now}")?;
    }
    writeln!(out, "{looked_at} visits ahead looked at with {}, {} moved", time_zone_database(), moved.len())?;
    anyhow::ensure!(moved.is_empty(), "{} visits begin at another instant", moved.len());
    Ok(())
}

/// Of a time that comes twice, either may have been agreed.
fn is_moved(agreed: &Agreed) -> bool {
    agreed.zone.to_datetime(agreed.start) != agreed.local
}
