//! Whether all is well on this machine and in the system that runs here, and what to do where it is not. Changes nothing.
mod machine; // tools, space, memory, ports
mod processes; // the mesh
mod certificates; // until when they are good
mod database; // the server of the database, and its settings
mod clinic; // what the services keep in it
mod promises; // what the services verify of it themselves
mod redis; // the cache
mod rabbitmq; // the broker

use crate::database::Database;
use crate::places::Places;
use crate::programs::Program;
use crate::running::Running;
use crate::secrets::Secrets;

/// One line of the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub grade: Grade,
    pub what: String,
    /// What to do.
    pub advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    Well,
    /// Nothing is wrong, but something is to be known.
    Mind,
    Wrong,
}

fn well(what: impl Into<String>) -> Finding {
    Finding { grade: Grade::Well, what: what.into(), advice: String::new() }
}

fn mind(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { grade: Grade::Mind, what: what.into(), advice: advice.into() }
}

fn wrong(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { grade: Grade::Wrong, what: what.into(), advice: advice.into() }
}

/// What is looked at.
pub struct Target {
    pub places: Places,
    /// The system that runs, if one does.
    pub running: Option<Running>,
    /// Where servers are that somebody else runs.
    pub database_url: Option<String>,
    pub redis_url: Option<String>,
    pub rabbitmq_url: Option<String>,
    /// Of the gateway.
    pub port: u16,
}

impl Target {
    /// What `told` says of each part, as soon as it was looked at.
    pub async fn look(&self, told: impl Fn(&str, &[Finding])) {
        told("Machine", &machine::look(self));
        let secrets = Secrets::read(&self.places.secrets()).ok().flatten();
        if let Some(running) = &self.running {
            told("Processes", &processes::look(running, &self.places).await);
            if running.is_encrypted {
                told("Certificates", &certificates::look(&self.places.local.join("tls")));
            }
        } else {
            let start = "`cargo dev` starts it; or name servers by DATABASE_URL, REDIS_URL, RABBITMQ_URL";
            told("Processes", &[mind("no system of this checkout runs", start)]);
        }
        let ours = |of: fn(&Running) -> &String| self.running.as_ref().map(|running| of(running).clone());
        if let Some(url) = self.database_url.clone().or_else(|| ours(|running| &running.database_url)) {
            let roles = secrets.as_ref().map(|secrets| secrets.roles.clone()).unwrap_or_default();
            self.look_at_database(&url, roles, secrets.as_ref(), &told).await;
        }
        if let Some(url) = self.redis_url.clone().or_else(|| ours(|running| &running.redis_url)) {
            told("Redis", &[redis::look(&url).await]);
        }
        if let Some(url) = self.rabbitmq_url.clone().or_else(|| ours(|running| &running.rabbitmq_url)) {
            let broker = self.running.as_ref().and_then(|running| running.broker.as_ref());
            told("RabbitMQ", &rabbitmq::look(&url, broker.filter(|_| self.rabbitmq_url.is_none())).await);
        }
    }

    async fn look_at_database(
        &self,
        url: &str,
        roles: std::collections::BTreeMap<String, String>,
        secrets: Option<&Secrets>,
        told: &impl Fn(&str, &[Finding]),
    ) {
        if url.contains("sslmode=require") {
            let advice = "`sslmode=disable` has it looked at, if the server allows that";
            return told("PostgreSQL", &[mind("PostgreSQL is not looked at, for it is encrypted", advice)]);
        }
        let opened = async {
            let session = Database::existing(url, roles)?.session().await?;
            database::only_look(&session.client).await?;
            anyhow::Ok(session)
        };
        let session = match opened.await {
            Ok(session) => session,
            Err(error) => {
                let advice = "start it, or correct DATABASE_URL";
                return told("PostgreSQL", &[wrong(format!("{error:#}"), advice)]);
            }
        };
        told("PostgreSQL", &database::look(&session.client).await);
        told("Clinic", &clinic::look(&session.client).await);
        told("Promises", &promises::look(url, secrets).await);
    }

    /// Servers that this machine must have the programs of.
    fn programs(&self) -> impl Iterator<Item = Program> {
        let given = [
            (Program::Postgres, self.database_url.is_some()),
            (Program::Redis, self.redis_url.is_some()),
            (Program::RabbitMq, self.rabbitmq_url.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| !is_given).map(|(program, _)| program)
    }
}
