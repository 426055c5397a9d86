//! Calendars that programs of patients and doctors subscribe to. The address is all that such a program has, so the secret
//! is in it: spans, logs and measurements name the route and never the path.
use crate::app::App;
use crate::problem::Problem;
use crate::query::FromPath;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use proto::notification::{Calendar, GetCalendarRequest};

/// Programs that look more often may be told what they were told.
const FRESH: &str = "private, max-age=300";

pub fn routes(app: App) -> Router {
    Router::new().route("/calendars/{file}", get(read)).with_state(app)
}

/// `<token>.ics`.
async fn read(State(app): State<App>, FromPath(file): FromPath<String>) -> Result<Response, Problem> {
    let token = file.strip_suffix(".ics").ok_or_else(nothing_here)?.to_owned();
    let calendar = app.clients.calendars.clone().get_calendar(GetCalendarRequest { token }).await?;
    let Calendar { content } = calendar.into_inner();
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\"".to_owned()),
        (header::CACHE_CONTROL, FRESH.to_owned()),
        (header::ETAG, tag(&content)),
    ];
    Ok((headers, content).into_response())
}

fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "calendar_not_found", "there is no calendar at this address")
}

/// The same for the same text.
fn tag(content: &str) -> String {
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, content.as_bytes())))
}
