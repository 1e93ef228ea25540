//! Acts of persons: `POST /api/v1/alerts/{id}/{acknowledge|shelve|unshelve|review}`.
//!
//! In: JSON, `actor` always. Out: 202 with the position of its record once that is durable and the engine has done it;
//! 404 for an alert that is not known, 409 for what cannot be done to it and why, 400 for what cannot be understood.
//! Whether a request may come at all is `guard`'s business.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::engine::acts::{Answer, LONGEST_ACT, Written};
use crate::watch::life::{Deed, Done, Refusal};

/// The log and the engine answer in milliseconds; a full disk does not.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is posted: the act's own fields, without what the address says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    actor: String,
    reason: Option<String>,
    until: Option<String>,
    verdict: Option<String>,
    cause: Option<String>,
    document: Option<String>,
}

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/alerts/{alert}/{deed}", post(act)).layer(DefaultBodyLimit::max(LONGEST_ACT / 2))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path((alert, deed)): Path<(String, String)>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    if !Deed::ALL.contains(&deed.as_str()) {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    if !is_json(&headers) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type: application/json is wanted");
    }
    let written = match serde_json::from_slice::<Posted>(&body) {
        Ok(Posted { actor, reason, until, verdict, cause, document }) => {
            Written { act: deed, alert, actor, reason, until, verdict, cause, document }
        }
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Err(why) = written.clone().checked() {
        return refuse(StatusCode::BAD_REQUEST, &why);
    }
    let Some(desk) = shared.desk.get() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "nobody takes acts here");
    };
    let Some(answered) = desk(written.to_bytes()) else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many acts wait already");
    };
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(answer)) => said(answer),
        // It may yet be done: whoever says it again does no harm.
        Ok(Err(_)) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping; say it again"),
        Err(_) => refuse(StatusCode::GATEWAY_TIMEOUT, "not in the log yet; say it again"),
    }
}

fn said(Answer { position, outcome }: Answer) -> Response {
    match outcome {
        Ok(done) => {
            let changed = matches!(done, Done::Changed { .. });
            (StatusCode::ACCEPTED, Json(json!({ "position": position, "changed": changed }))).into_response()
        }
        Err(refusal) => {
            let status = match refusal {
                Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
                Refusal::Unknown => StatusCode::NOT_FOUND,
                Refusal::Impossible(_) => StatusCode::CONFLICT,
            };
            refuse(status, &refusal.to_string())
        }
    }
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
