//! Whether a server answers, asked the way its clients do.
use crate::ports::loopback;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};

#[derive(Clone)]
pub enum Probe {
    /// A connection string that it lets in.
    Postgres(String),
    Redis {
        port: u16,
        password: String,
    },
    RabbitMq {
        port: u16,
    },
    /// A URL that answers 200.
    Http(String),
    /// Anything that accepts connections.
    Tcp {
        port: u16,
    },
}

impl Probe {
    pub async fn is_ready(&self) -> bool {
        let answer = async {
            match self {
                Self::Postgres(url) => tokio_postgres::connect(url, tokio_postgres::NoTls).await.is_ok(),
                Self::Redis { port, password } => {
                    let ask = format!("AUTH {password}\r\nPING\r\n");
                    asked(loopback(*port), ask.as_bytes(), b"+OK\r\n+PONG").await.unwrap_or(false)
                }
                // A broker that is up answers the protocol header with a method frame, whose type is 1.
                Self::RabbitMq { port } => {
                    asked(loopback(*port), b"AMQP\x00\x00\x09\x01", &[1]).await.unwrap_or(false)
                }
                Self::Http(url) => reqwest::get(url).await.is_ok_and(|answer| answer.status() == 200),
                Self::Tcp { port } => TcpStream::connect(loopback(*port)).await.is_ok(),
            }
        };
        tokio::time::timeout(Duration::from_secs(2), Box::pin(answer)).await.unwrap_or(false)
    }
}

/// Whether a broker at `address` answers.
pub async fn is_broker(address: &str) -> bool {
    let answer = asked(address, b"AMQP\x00\x00\x09\x01", &[1]);
    tokio::time::timeout(Duration::from_secs(2), answer).await.is_ok_and(|answer| answer.unwrap_or(false))
}

async fn asked(address: impl ToSocketAddrs, ask: &[u8], expected: &[u8]) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(ask).await?;
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer == expected)
}
