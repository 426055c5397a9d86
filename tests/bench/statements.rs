//! What the database does for a request, statement by statement.
use serde::Serialize;
use tokio_postgres::Client;

/// Those that take longest.
const MOST: i64 = 10;
/// Of a statement, so much is told.
const LENGTH: i32 = 100;

const LONGEST: &str = "
    SELECT left(trim(regexp_replace(query, '\\s+', ' ', 'g')), $1), calls::float8, total_exec_time * 1000
      FROM pg_stat_statements
     ORDER BY total_exec_time DESC LIMIT $2";

/// By request. Its time has in it what it waits for, a processor among others.
#[derive(Debug, Serialize)]
pub(crate) struct Statement {
    text: String,
    times: f64,
    micros: f64,
}

/// Has the database count from now on.
pub(crate) async fn open(database: &Client) -> anyhow::Result<()> {
    Ok(database.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?)
}

pub(crate) async fn forget(database: &Client) -> anyhow::Result<()> {
    Ok(database.batch_execute("SELECT pg_stat_statements_reset()").await?)
}

/// Those that took longest since.
pub(crate) async fn longest(database: &Client, requests: u64) -> anyhow::Result<Vec<Statement>> {
    let rows = database.query(LONGEST, &[&LENGTH, &MOST]).await?;
    let requests = requests as f64;
    let each = |row: &tokio_postgres::Row| {
        let (times, micros): (f64, f64) = (row.try_get(1)?, row.try_get(2)?);
        Ok(Statement { text: row.try_get(0)?, times: times / requests, micros: micros / requests })
    };
    rows.iter().map(each).collect()
}

/// As lines.
pub(crate) fn told(statements: &[Statement]) -> String {
    let line =
        |Statement { text, times, micros }: &Statement| format!("{micros:8.0} µs in {times:5.2}: {text}\n");
    statements.iter().map(line).collect()
}
