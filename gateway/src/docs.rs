//! The document for people: Swagger UI at `/docs`, ReDoc at `/redoc`. Everything comes from this binary, nothing
//! from elsewhere.
use crate::problem::Problem;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Own assets only. Both pages make styles as they run, ReDoc searches in a worker that it makes itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

pub fn routes<S: Clone + Send + Sync + 'static>(document: String) -> Router<S> {
    let document = Bytes::from(document);
    // The validator badge would ask a server on the internet.
    let config = Config::new(["/openapi.json"])
        .validator_url("none")
        .display_request_duration(true)
        .try_it_out_enabled(true)
        .filter(true);
    let config = Arc::new(config);
    Router::new()
        .route("/openapi.json", get(async move || asset("application/json", document)))
        .route("/docs", get(async || asset(HTML, include_bytes!("docs/swagger.html").as_slice().into())))
        .route(
            "/docs/{file}",
            get(async move |Path(file): Path<String>| {
                swagger(&file, &config).map(|(kind, content)| asset(&kind, content)).ok_or_else(absent)
            }),
        )
        .route("/redoc", get(async || asset(HTML, include_bytes!("docs/redoc.html").as_slice().into())))
        .route(
            "/redoc/redoc.standalone.js",
            get(async || asset(SCRIPT, include_bytes!("../assets/redoc.standalone.js").as_slice().into())),
        )
}

/// A file of Swagger UI, with its type.
fn swagger(file: &str, config: &Arc<Config<'static>>) -> Option<(String, Bytes)> {
    let file = utoipa_swagger_ui::serve(file, config.clone()).ok()??;
    Some((file.content_type, file.bytes.into_owned().into()))
}

fn asset(kind: &str, content: Bytes) -> Response {
    let policy: HeaderName = header::CONTENT_SECURITY_POLICY;
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300"), (policy, POLICY)];
    (headers, content).into_response()
}

fn absent() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}
