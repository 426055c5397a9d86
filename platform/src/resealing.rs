//! What another root secret has sealed is sealed anew while everything goes on: what every `<service> reseal` does.
use crate::secrets::NotSealed;
use anyhow::ensure;
use std::io::Write;

/// So often all rows are looked at. Once more than needed when nobody seals with the other secret any more.
const PASSES: usize = 3;

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The root secret has sealed it.
    Own,
    Anew,
    /// Somebody changed or removed it in between.
    Overtaken,
    /// Neither secret opens it.
    Unopened,
}

/// What became of all of them.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    own: usize,
    anew: usize,
    overtaken: usize,
    unopened: usize,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Own => &mut self.own,
            Outcome::Anew => &mut self.anew,
            Outcome::Overtaken => &mut self.overtaken,
            Outcome::Unopened => &mut self.unopened,
        } += 1;
    }
}

/// Gives `row` what `anew` says that is to be there, by `replace`, which says whether it was still as it was read.
pub async fn row<E>(
    anew: Result<Option<Vec<u8>>, NotSealed>,
    replace: impl AsyncFnOnce(Vec<u8>) -> Result<bool, E>,
) -> Result<Outcome, E> {
    let Ok(anew) = anew else { return Ok(Outcome::Unopened) };
    let Some(sealed) = anew else { return Ok(Outcome::Own) };
    Ok(if replace(sealed).await? { Outcome::Anew } else { Outcome::Overtaken })
}

/// Writes to `out` what became of the rows of one kind; whether none is left that needs another secret. `page` reads some
/// after the one given, in order, and `reseal` seals one anew.
pub async fn all<R, E: Into<anyhow::Error>>(
    what: &str,
    out: &mut impl Write,
    page: impl AsyncFn(Option<&R>) -> Result<Vec<R>, E>,
    reseal: impl AsyncFn(&R) -> Result<Outcome, E>,
) -> anyhow::Result<bool> {
    let mut anew = 0;
    let mut tally = Tally::default();
    for _ in 0..PASSES {
        tally = Tally::default();
        let mut rows = page(None).await.map_err(Into::into)?;
        while let Some(last) = rows.last() {
            for row in &rows {
                tally.count(reseal(row).await.map_err(Into::into)?);
            }
            rows = page(Some(last)).await.map_err(Into::into)?;
        }
        anew += tally.anew;
        if tally.anew + tally.overtaken == 0 {
            break;
        }
    }
    let Tally { own, anew: late, overtaken, unopened } = tally;
    let seen = own + late + overtaken + unopened;
    writeln!(out, "{what}: {seen} there, {anew} sealed anew, {unopened} that no secret here opens")?;
    if late + overtaken > 0 {
        writeln!(out, "{what}: some process still seals by the other secret")?;
    }
    Ok(late + overtaken + unopened == 0)
}

/// The last line, and the failure if something is left.
pub fn end(out: &mut impl Write, is_done: bool) -> anyhow::Result<()> {
    ensure!(is_done, "something still needs another secret than SECRET_KEY: see above");
    writeln!(out, "ok   nothing here needs another secret than SECRET_KEY")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::convert::Infallible;

    /// What is said of `rows`, two a page, of which each that is sealed anew is `then` afterwards.
    async fn said(rows: &[&'static str], then: &'static str) -> (bool, String) {
        let (stored, mut out) = (RefCell::new(rows.to_vec()), Vec::new());
        let page = async |after: Option<&usize>| {
            let from = after.map_or(0, |last| last + 1);
            Ok::<_, Infallible>((from..rows.len()).take(2).collect::<Vec<usize>>())
        };
        let reseal = async |place: &usize| {
            let anew = match stored.borrow()[*place] {
                "own" => Ok(None),
                "lost" => Err(NotSealed),
                _ => Ok(Some(Vec::new())),
            };
            row(anew, async |_| {
                stored.borrow_mut()[*place] = then;
                Ok::<_, Infallible>(true)
            })
            .await
        };
        let is_done = all("things", &mut out, page, reseal).await.unwrap();
        (is_done, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn all_pages_are_looked_at_until_nothing_is_left() {
        let (is_done, told) = said(&["other", "own", "other"], "own").await;
        assert!(is_done && told == "things: 3 there, 2 sealed anew, 0 that no secret here opens\n", "{told}");
        let (is_done, told) = said(&["own", "lost"], "own").await;
        assert!(!is_done && told.ends_with(" 1 that no secret here opens\n"), "{told}");
    }

    #[tokio::test]
    async fn it_is_not_done_while_somebody_goes_on_with_the_other_secret() {
        let (is_done, told) = said(&["other"], "other").await;
        assert!(!is_done && told.ends_with("still seals by the other secret\n"), "{told}");
        assert!(end(&mut Vec::new(), is_done).is_err());
    }
}
