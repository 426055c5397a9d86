//! Cancels what is ahead of a series.
use super::{Recurring, Seen, actor, expect_version, not_of_the_series};
use crate::domain::series::commands::CancelSeries;
use crate::domain::status::Status;
use crate::domain::transition::{Granted, Refusal};
use crate::error::Error;
use crate::events::{self, Change};
use crate::once::Once;
use crate::placing;
use crate::store::audited;
use jiff::civil::DateTime;
use platform::caller::User;
use proto::ids::SeriesId;

impl Recurring {
    /// Cancels the visits ahead.
    pub async fn cancel(
        &self,
        user: &User,
        id: SeriesId,
        ask: &CancelSeries,
        once: &Once,
    ) -> Result<Seen, Error> {
        placing::again_while(Error::is_conflict, || self.try_cancel(user, id, ask, once)).await
    }

    async fn try_cancel(
        &self,
        user: &User,
        id: SeriesId,
        ask: &CancelSeries,
        once: &Once,
    ) -> Result<Seen, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (mut series, now) = tx.lock_series(id).await?.ok_or(Error::NoSuchSeries)?;
        let actor = actor(&series, user)?;
        once.begin(&tx).await?;
        let visits = tx.lock_visits_of_series(id).await?;
        let in_scope = ask.scope.of(visits).ok_or_else(not_of_the_series)?;
        let mut first: Option<DateTime> = None;
        let mut refused = None;
        for mut visit in in_scope.into_iter().filter(|visit| now < visit.visit.start) {
            let Granted { is_late, needs_note } = match visit.check(Status::Cancelled, actor, now) {
                Ok(granted) => granted,
                Err(refusal) => {
                    refused = refused.or(matches!(refusal, Refusal::Policy(_)).then_some(refusal));
                    continue;
                }
            };
            if first.is_none() {
                expect_version(&series, ask.expected_version)?;
            }
            let why = ask.why.clone().of(Status::Cancelled, actor, needs_note)?;
            let before = visit.status;
            tx.release(visit.id).await?;
            visit.become_status(Status::Cancelled, actor, is_late, why.reason);
            tx.update(&mut visit, Change::Cancelled, &why, user).await?;
            tx.announce(events::transition(Change::Cancelled, &visit, before, false)).await?;
            first = first.into_iter().chain(visit.series.map(|place| place.occurrence)).min();
        }
        if first.is_some() {
            series.ended_from = series.ended_from.into_iter().chain(first).min();
            tx.update_series(&mut series).await?;
        } else if let Some(refusal) = refused {
            // The patient is too late for what is left.
            return Err(refusal.into());
        }
        tx.note(audited::series("cancel", &series));
        let seen = Seen { series, visits: tx.lock_visits_of_series(id).await?, now };
        once.end_series(&tx, id, || seen.wordless(user)).await?;
        tx.commit().await?;
        Ok(seen)
    }
}
