//! The JSON API: the picture, whole or in part, acts, and the description of it all.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Shared;
use crate::time::Timestamp;

/// Describes every path below `/api/v1`; a test holds it to the answers.
const OPENAPI: &str = include_str!("openapi.json");

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/picture",
            get(async |State(shared): State<Arc<Shared>>| Json(shared.picture()).into_response()),
        )
        .route(
            "/tracks",
            get(async |State(shared): State<Arc<Shared>>| {
                let picture = shared.picture();
                part(picture.time, "tracks", &picture.tracks)
            }),
        )
        .route(
            "/alerts",
            get(async |State(shared): State<Arc<Shared>>| {
                let picture = shared.picture();
                part(picture.time, "alerts", &picture.alerts)
            }),
        )
        .route(
            "/sensors",
            get(async |State(shared): State<Arc<Shared>>| {
                let picture = shared.picture();
                part(picture.time, "sensors", &picture.sensors)
            }),
        )
        .route(
            "/zones",
            get(async |State(shared): State<Arc<Shared>>| {
                let picture = shared.picture();
                part(picture.time, "zones", &picture.zones)
            }),
        )
        .route(
            "/lineage",
            get(async |State(shared): State<Arc<Shared>>| {
                let picture = shared.picture();
                part(picture.time, "lineage", &picture.lineage)
            }),
        )
        .route("/alerts/{alert}", get(super::history::alert))
        .merge(super::acts::router())
        .route("/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], OPENAPI)))
}

/// `{"time":…,"NAME":[…]}`
fn part(time: Option<Timestamp>, name: &'static str, rows: &[impl Serialize]) -> Response {
    #[derive(Serialize)]
    struct Part<'a, T> {
        time: Option<Timestamp>,
        #[serde(flatten)]
        rows: std::collections::BTreeMap<&'static str, &'a [T]>,
    }
    Json(Part { time, rows: [(name, rows)].into() }).into_response()
}
