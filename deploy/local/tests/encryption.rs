//! TLS to the stores: services believe the authority that they are told of, no other, and never go on in the clear.
use local::certificates::Authority;
use local::database::Database;
use local::service::Service;
use local::stores::Redis;
use local::testing;
use platform::broker::Broker;
use platform::redis::commands;
use platform::{config, postgres};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

type Outcome = Result<(), String>;

fn of_postgres(url: &str, authority: Option<&Path>) -> config::Postgres {
    config::Postgres {
        database_url: url.into(),
        database_owner_url: None,
        database_ca_file: authority.map(PathBuf::from),
        database_max_connections: 1,
        migrate: false,
    }
}

/// Whether who has `authority` gets an answer of the database.
async fn ask_postgres(url: &str, authority: Option<&Path>) -> Outcome {
    let settings = of_postgres(url, authority);
    let pool = postgres::pool(&settings, "test").map_err(|error| format!("{error:#}"))?;
    let connection = postgres::connection(&pool).await.map_err(|error| error.to_string())?;
    let asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let answer = connection.query_one(asked, &[]).await.map_err(|error| error.to_string())?;
    let is_encrypted: bool = answer.get(0);
    assert_eq!(is_encrypted, url.contains("sslmode=require"));
    Ok(())
}

async fn ask_redis(url: &str, authority: Option<&Path>) -> Outcome {
    let settings = config::Redis { redis_url: url.into(), redis_ca_file: authority.map(PathBuf::from) };
    let redis = platform::redis::Redis::new(&settings).map_err(|error| format!("{error:#}"))?;
    let ping = async |connection: &mut commands::aio::MultiplexedConnection| {
        commands::cmd("PING").query_async::<String>(connection).await
    };
    // It answers in a tenth of a second or not at all, which a busy machine may need more than once.
    for _ in 0..3 {
        if redis.run(ping).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(1100)).await;
    }
    Err("redis does not answer".to_owned())
}

async fn ask_rabbitmq(url: &str, authority: Option<&Path>) -> Outcome {
    let settings =
        config::Broker { rabbitmq_url: url.into(), rabbitmq_ca_file: authority.map(PathBuf::from) };
    let broker = Broker::new(&settings, "test").map_err(|error| format!("{error:#}"))?;
    broker.publisher().await.map(drop).map_err(|error| error.to_string())
}

async fn ask(urls: &[String; 3], authorities: [Option<&Path>; 3]) -> [Outcome; 3] {
    [
        ask_postgres(&urls[0], authorities[0]).await,
        ask_redis(&urls[1], authorities[1]).await,
        ask_rabbitmq(&urls[2], authorities[2]).await,
    ]
}

/// The three, each with an authority of its own.
struct Stores {
    database: Database,
    redis: Redis,
}

impl Stores {
    async fn fresh() -> Self {
        Self {
            database: testing::database().await.expect("a database"),
            redis: testing::redis().await.expect("a Redis"),
        }
    }

    fn in_the_clear(&self) -> [String; 3] {
        [self.database.runtime_url(Service::Auth), self.redis.url(), testing::stores().rabbitmq.url()]
    }

    fn by_tls(&self) -> [String; 3] {
        let database = self.database.runtime_url(Service::Auth) + "?sslmode=require";
        [database, self.redis.tls_url(), testing::stores().rabbitmq.tls_url()]
    }

    fn authorities(&self) -> [Option<&Path>; 3] {
        let shared = testing::stores();
        [&shared.postgres_authority, &self.redis.authority, &shared.rabbitmq.authority]
            .map(|path| Some(path.as_path()))
    }
}

#[tokio::test]
async fn a_store_is_believed_by_the_authority_that_it_has_its_certificate_from_and_no_other() {
    let stores = Stores::fresh().await;
    let [postgres, redis, rabbitmq] = stores.authorities();
    assert_eq!(ask(&stores.by_tls(), stores.authorities()).await, [Ok(()), Ok(()), Ok(())]);
    for (who, others) in [("another", [rabbitmq, postgres, redis]), ("those that browsers know", [None; 3])] {
        for outcome in ask(&stores.by_tls(), others).await {
            assert!(outcome.is_err(), "who believes {who} gets an answer");
        }
    }
}

#[tokio::test]
async fn an_authority_is_read_anew_and_what_cannot_be_is_told_at_once() {
    let stores = Stores::fresh().await;
    let folder = testing::stores().places.local.join(format!("authorities-{}", uuid::Uuid::new_v4()));
    let other = Authority::at(&folder).unwrap();
    let believed = folder.join("believed.pem");
    for outcome in ask(&stores.by_tls(), [Some(&believed); 3]).await {
        assert!(outcome.as_ref().is_err_and(|told| told.contains("believed.pem")), "{outcome:?}");
    }

    // Who follows the same file believes whoever is in it now.
    let settings = of_postgres(&stores.by_tls()[0], Some(&believed));
    std::fs::copy(&other.certificate, &believed).unwrap();
    let pool = postgres::pool(&settings, "test").unwrap();
    assert!(postgres::connection(&pool).await.is_err());
    std::fs::copy(&testing::stores().postgres_authority, &believed).unwrap();
    assert!(postgres::connection(&pool).await.is_ok());
}

#[tokio::test]
async fn who_names_an_authority_is_not_led_on_in_the_clear() {
    let stores = Stores::fresh().await;
    assert_eq!(ask(&stores.in_the_clear(), [None; 3]).await, [Ok(()), Ok(()), Ok(())]);
    let told = ask(&stores.in_the_clear(), stores.authorities()).await;
    for (outcome, needed) in told.iter().zip(["sslmode=require", "rediss://", "amqps://"]) {
        assert!(outcome.as_ref().is_err_and(|told| told.contains(needed)), "{outcome:?}");
    }
}

/// `url` by way of an address that no certificate is for.
async fn elsewhere(url: &str) -> String {
    let place =
        url.split('@').nth(1).and_then(|rest| rest.split(['/', '?']).next()).expect("a place").to_owned();
    let listener = TcpListener::bind("127.0.0.2:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let rerouted = url.replace(&place, &address);
    #[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let Ok(mut far) = TcpStream::connect(&place).await else { return };
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    rerouted
}

#[tokio::test]
async fn a_certificate_is_for_the_host_that_is_called() {
    let stores = Stores::fresh().await;
    let rerouted = async |[postgres, redis, rabbitmq]: [String; 3]| {
        [elsewhere(&postgres).await, elsewhere(&redis).await, elsewhere(&rabbitmq).await]
    };
    let in_the_clear = rerouted(stores.in_the_clear()).await;
    assert_eq!(ask(&in_the_clear, [None; 3]).await, [Ok(()), Ok(()), Ok(())], "only the name is wrong");
    for outcome in ask(&rerouted(stores.by_tls()).await, stores.authorities()).await {
        assert!(outcome.is_err(), "a certificate for another host is believed");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_connection_string_is_told_without_it() {
    for told in [
        ask_postgres("auth_rw:hidden@127.0.0.1/db?sslmode=require", None).await,
        ask_postgres("postgres://auth_rw:hidden@127.0.0.1/db?sslmode=hidden", None).await,
        ask_redis("rediss:hidden@127.0.0.1", None).await,
        ask_redis("rediss://:hidden@127.0.0.1/0#insecure", None).await,
        ask_rabbitmq("amqps:healthcare:hidden@127.0.0.1", None).await,
        ask_rabbitmq("healthcare:hidden@127.0.0.1:5671", None).await,
    ] {
        let told = told.unwrap_err();
        assert!(!told.contains("hidden") && !told.contains("127.0.0.1"), "{told}");
    }
}
