//! The mesh, who asks it, and how ours is held against a yardstick.
use crate::Effort;
use crate::load::{Answers, Load, Target};
use crate::processes::{self, Cpu};
use crate::row::{Goal, Row, Spent};
use crate::statements;
use anyhow::Context as _;
use local::service::Service;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tests::mesh::Mesh;
use tests::people::Admin;

/// Connections to PostgreSQL of whoever asks it.
pub(crate) const CONNECTIONS: u16 = 16;

pub(crate) struct Bench {
    pub(crate) mesh: Mesh,
    pub(crate) admin: Admin,
    pub(crate) effort: Effort,
    /// The process that all others of PostgreSQL are children of.
    postmaster: u32,
}

impl Bench {
    pub(crate) async fn start(effort: Effort) -> anyhow::Result<Self> {
        let mesh = Mesh::start(|options| {
            options.env.push(("DATABASE_MAX_CONNECTIONS".to_owned(), CONNECTIONS.to_string()));
        })
        .await;
        let admin = mesh.admin().await;
        let database = mesh.database().await;
        statements::open(&database).await?;
        let backend: i32 = database.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        let postmaster = processes::parent(backend.cast_unsigned())?;
        Ok(Self { mesh, admin, effort, postmaster })
    }

    /// By name, to tell whose processor time it is.
    fn programs(&self) -> Vec<(String, Vec<u32>)> {
        let services = Service::ALL.map(|service| (service.to_string(), self.mesh.processes.pids(service)));
        [("postgresql".to_owned(), vec![self.postmaster])].into_iter().chain(services).collect()
    }

    /// Where the gateway is.
    pub(crate) fn url(&self) -> String {
        self.mesh.processes.gateway_urls().swap_remove(0)
    }

    /// Of a receptionist, for some minutes.
    pub(crate) async fn token(&self) -> anyhow::Result<String> {
        Ok(self.admin.staff().await.token().context("no token")?.to_owned())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.mesh.ground.places.local
    }

    /// Asks the mesh, and tells what a request took.
    pub(crate) async fn ask(
        &self,
        load: &Load,
        clients: u16,
        time: Duration,
    ) -> anyhow::Result<(Answers, Spent)> {
        let programs = self.programs();
        let database = self.mesh.database().await;
        statements::forget(&database).await?;
        let before = Cpu::of(&programs)?;
        let answers = load.run(&self.url(), clients, time).await?;
        let cpu = Cpu::of(&programs)?.each_since(&before, answers.requests);
        let statements = statements::longest(&database, answers.requests).await?;
        if answers.refused > 0 {
            println!(
                "{} of {} were refused; by now: {}",
                answers.refused,
                answers.requests,
                self.statuses().await?
            );
        }
        Ok((answers, Spent { cpu, statements }))
    }

    /// How many requests the gateway has answered with which status.
    async fn statuses(&self) -> anyhow::Result<String> {
        let admin = self.mesh.processes.of(Service::Gateway)[0].admin;
        let metrics = reqwest::get(format!("http://{admin}/metrics")).await?.text().await?;
        let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
        for line in metrics.lines().filter(|line| line.starts_with("http_server_duration_seconds_count")) {
            let status = line.split("status_code=\"").nth(1).and_then(|rest| rest.split('"').next());
            let count = line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
            *statuses.entry(status.unwrap_or_default()).or_default() += count.unwrap_or_default();
        }
        Ok(format!("{statuses:?}"))
    }

    /// The row of a path that is asked as often as it goes, and of a yardstick in turn with it.
    pub(crate) async fn against(
        &self,
        path: &'static str,
        against: &'static str,
        goal: Goal,
        ours: Target,
        yardstick: &str,
        theirs: Target,
    ) -> anyhow::Result<Row> {
        ours.try_once(&self.url()).await?;
        theirs.try_once(yardstick).await?;
        let [ours, theirs] = [ours, theirs].map(|target| Load::write(self.folder(), vec![target]));
        let (ours, theirs) = (ours?, theirs?);
        let Effort { time, times, clients, .. } = self.effort;
        // Connections are made, statements are prepared, caches fill.
        self.ask(&ours, clients, Duration::from_secs(1)).await?;
        theirs.run(yardstick, clients, Duration::from_secs(1)).await?;
        let mut row = Row::new(path, against, goal);
        for _ in 0..times {
            let least = theirs.run(yardstick, clients, time).await?.all_right()?;
            let (answers, spent) = self.ask(&ours, clients, time).await?;
            row.ratios.push(answers.all_right()?.per_second() / least.per_second());
            row.of(answers, spent);
        }
        let half = row.per_second.unwrap_or_default() / 2.0;
        row.at_half(&ours.at_rate(&self.url(), half, time).await?);
        Ok(row)
    }
}
