//! Whether Redis answers, and has room.
use super::{Finding, mind, well, wrong};
use reqwest::Url;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) async fn look(url: &str) -> Finding {
    if url.starts_with("rediss://") {
        return mind("Redis is not looked at, for it is encrypted", "redis-cli --tls INFO tells");
    }
    let asked = tokio::time::timeout(Duration::from_secs(3), ask(url)).await;
    match asked {
        Ok(Ok(info)) => judge(&info),
        Ok(Err(error)) => wrong(format!("Redis: {error:#}"), "start it, or correct REDIS_URL"),
        Err(_) => wrong("Redis does not answer", "start it, or correct REDIS_URL"),
    }
}

/// What it tells of itself (`INFO`).
async fn ask(url: &str) -> anyhow::Result<String> {
    let url = Url::parse(url)?;
    anyhow::ensure!(url.scheme() == "redis", "only redis:// can be looked at");
    let place = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(6379));
    let mut stream = TcpStream::connect(&place).await.map_err(|error| anyhow::anyhow!("{place}: {error}"))?;
    let mut ask = String::new();
    if let Some(password) = url.password() {
        let user = if url.username().is_empty() { "default" } else { url.username() };
        ask = format!("AUTH {user} {password}\r\n");
    }
    stream.write_all(format!("{ask}INFO\r\nQUIT\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let refused = answer.lines().find(|line| line.starts_with('-'));
    refused.map_or(Ok(answer.clone()), |line| Err(anyhow::anyhow!("it says {}", &line[1..])))
}

fn judge(info: &str) -> Finding {
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or_default().trim().to_owned()
    };
    let number = |name: &str| field(name).parse::<u64>().unwrap_or(0);
    let what = format!("Redis {} answers", field("redis_version"));
    if field("loading") == "1" {
        return wrong("Redis is still loading", "wait until it has");
    }
    let (used, most) = (number("used_memory"), number("maxmemory"));
    match field("maxmemory_policy").as_str() {
        "noeviction" if most > 0 && used > most / 10 * 9 => {
            wrong("Redis is nearly full", "give it more memory: what it cannot keep, it refuses")
        }
        "" | "noeviction" => well(what),
        policy => mind(
            format!("{what}, and forgets when it is full ({policy})"),
            "limits and answers to Idempotency-Key may be forgotten too early: give it enough memory",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Mind, Well, Wrong};

    #[test]
    fn a_redis_that_refuses_or_forgets_is_told() {
        let info = |loading, used, policy: &str| {
            judge(&format!(
                "redis_version:7.0.15\r\nloading:{loading}\r\nused_memory:{used}\r\nmaxmemory:100\r\n\
                 maxmemory_policy:{policy}\r\n"
            ))
        };
        assert_eq!(info(0, 10, "noeviction"), well("Redis 7.0.15 answers"));
        assert_eq!(info(1, 10, "noeviction").grade, Wrong);
        assert_eq!(info(0, 99, "noeviction").grade, Wrong);
        assert_eq!(info(0, 99, "allkeys-lru").grade, Mind);
        assert_eq!(judge("redis_version:7\r\n").grade, Well);
    }
}
