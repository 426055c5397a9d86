//! TLS to the stores: services believe the authority that they are told of, no other, and never go on in the clear.
use local::certificates::Authority;
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

/// Whether who has `authority` gets an answer of the database.
async fn ask_postgres(url: &str, authority: Option<&Path>) -> Outcome {
    let settings = config::Postgres {
        database_url: url.into(),
        database_owner_url: None,
        database_ca_file: authority.map(PathBuf::from),
        database_max_connections: 1,
        migrate: false,
    };
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

/// The three, asked one after another with whom they have to believe.
struct Places {
    database: String,
    redis: Redis,
    authorities: [PathBuf; 3],
}

impl Places {
    async fn ask(&self, authorities: [Option<&Path>; 3]) -> [Outcome; 3] {
        let database = format!("{}?sslmode=require", self.database);
        self.ask_at([&database, &self.redis.tls_url(), &testing::stores().rabbitmq.tls_url()], authorities)
            .await
    }

    async fn ask_at(&self, urls: [&str; 3], authorities: [Option<&Path>; 3]) -> [Outcome; 3] {
        [
            ask_postgres(urls[0], authorities[0]).await,
            ask_redis(urls[1], authorities[1]).await,
            ask_rabbitmq(urls[2], authorities[2]).await,
        ]
    }
}

#[tokio::test]
async fn a_store_is_believed_by_the_authority_that_it_has_its_certificate_from_and_no_other() {
    let database = testing::database().await.unwrap();
    let (stores, redis) = (testing::stores(), testing::redis().await.unwrap());
    let authorities =
        [&stores.postgres_authority, &redis.authority, &stores.rabbitmq.authority].map(Clone::clone);
    let places = Places { database: database.runtime_url(Service::Auth), redis, authorities };

    let [of_postgres, of_redis, of_rabbitmq] = places.authorities.each_ref().map(|path| Some(path.as_path()));
    assert_eq!(places.ask([of_postgres, of_redis, of_rabbitmq]).await, [Ok(()), Ok(()), Ok(())]);

    for (who, others) in
        [("another", [of_rabbitmq, of_postgres, of_redis]), ("none that browsers know", [None; 3])]
    {
        for outcome in places.ask(others).await {
            assert!(outcome.is_err(), "who believes {who} gets an answer");
        }
    }
}

#[tokio::test]
async fn an_authority_is_read_anew_and_what_cannot_be_is_told_at_once() {
    let database = testing::database().await.unwrap();
    let (stores, redis) = (testing::stores(), testing::redis().await.unwrap());
    let folder = stores.places.local.join(format!("authorities-{}", uuid::Uuid::new_v4()));
    let other = Authority::at(&folder).unwrap();
    let authorities = [(); 3].map(|()| folder.join("believed.pem"));
    let places = Places { database: database.runtime_url(Service::Auth), redis, authorities };

    let believed = places.authorities[0].as_path();
    for (setting, outcome) in ["believed.pem"; 3].into_iter().zip(places.ask([Some(believed); 3]).await) {
        assert!(outcome.as_ref().is_err_and(|told| told.contains(setting)), "{outcome:?}");
    }

    // Who follows the same file believes whoever is in it now.
    let settings = config::Postgres {
        database_url: format!("{}?sslmode=require", places.database).into(),
        database_owner_url: None,
        database_ca_file: Some(believed.to_owned()),
        database_max_connections: 1,
        migrate: false,
    };
    std::fs::copy(&other.certificate, believed).unwrap();
    let pool = postgres::pool(&settings, "test").unwrap();
    assert!(postgres::connection(&pool).await.is_err());
    std::fs::copy(&stores.postgres_authority, believed).unwrap();
    assert!(postgres::connection(&pool).await.is_ok());
}

#[tokio::test]
async fn who_names_an_authority_is_not_led_on_in_the_clear() {
    let database = testing::database().await.unwrap();
    let (stores, redis) = (testing::stores(), testing::redis().await.unwrap());
    let authorities =
        [&stores.postgres_authority, &redis.authority, &stores.rabbitmq.authority].map(Clone::clone);
    let places = Places { database: database.runtime_url(Service::Auth), redis, authorities };
    let believed = places.authorities.each_ref().map(|path| Some(path.as_path()));
    let (redis, rabbitmq) = (places.redis.url(), stores.rabbitmq.url());

    assert_eq!(
        places.ask_at([&places.database, &redis, &rabbitmq], [None; 3]).await,
        [Ok(()), Ok(()), Ok(())]
    );
    let told = places.ask_at([&places.database, &redis, &rabbitmq], believed).await;
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
    let database = testing::database().await.unwrap();
    let (stores, redis) = (testing::stores(), testing::redis().await.unwrap());
    let database = database.runtime_url(Service::Auth);
    let (clear, secure) =
        (elsewhere(&database).await, elsewhere(&format!("{database}?sslmode=require")).await);
    assert_eq!(ask_postgres(&clear, None).await, Ok(()), "it is only the name that is wrong");
    assert!(ask_postgres(&secure, Some(&stores.postgres_authority)).await.is_err());
    assert_eq!(ask_redis(&elsewhere(&redis.url()).await, None).await, Ok(()));
    assert!(ask_redis(&elsewhere(&redis.tls_url()).await, Some(&redis.authority)).await.is_err());
    assert_eq!(ask_rabbitmq(&elsewhere(&stores.rabbitmq.url()).await, None).await, Ok(()));
    let rabbitmq = elsewhere(&stores.rabbitmq.tls_url()).await;
    assert!(ask_rabbitmq(&rabbitmq, Some(&stores.rabbitmq.authority)).await.is_err());
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
