//! What ours is held against: the least that a server of the same making can do. Each is a process of its own: this
//! program, run with the word `yardstick`.
use anyhow::{Context as _, bail};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use deadpool_postgres::{Manager, Pool};
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode, header};
use proto::auth::{GetUserRequest, User};
use serde::Serialize;
use std::convert::Infallible;
use std::process::Stdio;
use std::task::{Context, Poll};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_postgres::NoTls;
use tonic::body::Body;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Server};
use tonic_prost::ProstCodec;

/// The word, and what follows it.
pub(crate) const WORD: &str = "yardstick";
const BYTES: &str = "bytes";
const BACK: &str = "back";
const FRONT: &str = "front";

const PATH: &str = "/bench.Accounts/Get";

/// The same as auth-svc's, when somebody asks who they are.
const SELECT: &str = "
    SELECT id, email, username, full_name, role, patient_id, doctor_id, is_active, email_verified_at, pending,
           created_at, updated_at
      FROM auth.users
     WHERE id = $1";

/// One that runs until dropped.
pub(crate) struct Yardstick {
    pub(crate) url: String,
    /// Killed when dropped.
    _process: Child,
}

impl Yardstick {
    /// Bare axum, answering the bytes of a file.
    pub(crate) async fn bytes(file: &str) -> anyhow::Result<Self> {
        Self::start(&[BYTES, file]).await
    }

    /// Bare axum that asks bare tonic, which asks PostgreSQL over as many connections: `[front, back]`.
    pub(crate) async fn chain(database_url: &str, connections: usize) -> anyhow::Result<[Self; 2]> {
        let back = Self::start(&[BACK, database_url, &connections.to_string()]).await?;
        let front = Self::start(&[FRONT, &back.url]).await?;
        Ok([front, back])
    }

    async fn start(words: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(WORD).args(words).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let url = lines.next_line().await?.context("it has ended")?;
        Ok(Self { url, _process: child })
    }
}

/// Serves as one of them, told by `words` as which.
pub(crate) async fn serve(words: &[String]) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [BYTES, file] => {
            let bytes = Bytes::from(std::fs::read(file)?);
            let answer = async move || ([(header::CONTENT_TYPE, "application/json")], bytes.clone());
            say(&url);
            axum::serve(listener, axum::Router::new().fallback(answer)).await?;
        }
        [BACK, database_url, connections] => {
            let manager = Manager::new(database_url.parse()?, NoTls);
            let pool = Pool::builder(manager).max_size(connections.parse()?).build()?;
            say(&url);
            let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
            Server::builder().add_service(Accounts(pool)).serve_with_incoming(incoming).await?;
        }
        [FRONT, back] => {
            let channel = Channel::from_shared((*back).to_owned())?.tcp_nodelay(true).connect().await?;
            say(&url);
            let router = axum::Router::new().route("/accounts/{id}", get(account)).with_state(channel);
            axum::serve(listener, router).await?;
        }
        _ => bail!("no yardstick is called {words:?}"),
    }
    Ok(())
}

fn say(url: &str) {
    println!("{url}");
}

#[derive(Serialize)]
struct Account {
    id: String,
    email: String,
    full_name: String,
    is_active: bool,
}

async fn account(
    State(channel): State<Channel>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> axum::response::Response {
    let mut client = tonic::client::Grpc::new(channel);
    let asked = async {
        client.ready().await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<GetUserRequest, User>::default();
        client.unary(tonic::Request::new(GetUserRequest { id }), PathAndQuery::from_static(PATH), codec).await
    };
    match asked.await {
        Ok(user) => {
            let User { id, email, full_name, is_active, .. } = user.into_inner();
            axum::Json(Account { id, email, full_name, is_active }).into_response()
        }
        Err(status) => (StatusCode::BAD_GATEWAY, status.to_string()).into_response(),
    }
}

#[derive(Clone)]
struct Accounts(Pool);

impl Accounts {
    async fn find(&self, id: &str) -> anyhow::Result<User> {
        let client = self.0.get().await?;
        let statement = client.prepare_cached(SELECT).await?;
        let row = client.query_one(&statement, &[&id.parse::<uuid::Uuid>()?]).await?;
        Ok(User {
            id: row.try_get::<_, uuid::Uuid>("id")?.to_string(),
            email: row.try_get("email")?,
            full_name: row.try_get::<_, Option<String>>("full_name")?.unwrap_or_default(),
            is_active: row.try_get("is_active")?,
            ..User::default()
        })
    }
}

impl UnaryService<GetUserRequest> for Accounts {
    type Response = User;
    type Future = BoxFuture<'static, Result<tonic::Response<User>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<GetUserRequest>) -> Self::Future {
        let accounts = self.clone();
        Box::pin(async move {
            let found = accounts.find(&request.into_inner().id).await;
            found.map(tonic::Response::new).map_err(|error| tonic::Status::unavailable(error.to_string()))
        })
    }
}

impl tower::Service<Request<Body>> for Accounts {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let accounts = self.clone();
        let codec = ProstCodec::<User, GetUserRequest>::default();
        Box::pin(async move { Ok(tonic::server::Grpc::new(codec).unary(accounts, request).await) })
    }
}

impl NamedService for Accounts {
    const NAME: &'static str = "bench.Accounts";
}
