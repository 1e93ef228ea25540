//! HTTP: the page for eyes, the metrics for Prometheus, the picture as JSON for programs, acts of persons for the log.
//!
//! In: requests. Out: what the engine last showed. Reads, and hands in acts (`acts`) as records like everybody else:
//! what they change, the engine decides. Knows neither tracker nor sources, and reads no clock.

mod acts;
mod api;
mod guard;
mod history;
mod listener;
mod page;

use std::future::{Future, IntoFuture};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use history::History;
use tokio::sync::oneshot;

use crate::engine::Picture;
use crate::engine::acts::Answer;
use crate::metrics::Metrics;
use crate::time::Timestamp;

/// How long requests under way may hold up the end.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// Where acts are handed in.
type Desk = Box<dyn Fn(Vec<u8>) -> Option<oneshot::Receiver<Answer>> + Send + Sync>;

/// What the engine's thread and the handlers share.
pub struct Shared {
    picture: Mutex<Arc<Picture>>,
    not_ready: Mutex<Option<String>>,
    history: Mutex<History>,
    desk: OnceLock<Desk>,
    metrics: Arc<Metrics>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Shared {
    /// An empty picture, not ready because the daemon is starting. `now` is the wall clock.
    pub fn new(metrics: Arc<Metrics>, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            picture: Mutex::default(),
            not_ready: Mutex::new(Some("starting".to_owned())),
            history: Mutex::default(),
            desk: OnceLock::new(),
            metrics,
            now: Box::new(now),
        }
    }

    /// From now on this is the picture, on the page and in the metrics.
    pub fn show(&self, picture: Picture) {
        self.metrics.show(&picture);
        *self.picture.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(picture);
    }

    /// A notice has been said, in this one encoding.
    pub fn hear(&self, alert: &str, json: &str) {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).hear(alert, json);
    }

    /// From now on acts are handed in there; before, none are taken. What is given back tells what became of one;
    /// nothing where too many wait.
    pub fn take_acts_to(
        &self,
        desk: impl Fn(Vec<u8>) -> Option<oneshot::Receiver<Answer>> + Send + Sync + 'static,
    ) {
        // The first stays.
        let _ = self.desk.set(Box::new(desk));
    }

    /// Ready (`None`), or not, and why.
    pub fn set_not_ready(&self, why: Option<String>) {
        *self.not_ready.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// The picture last shown.
    #[must_use]
    pub fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.picture.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn not_ready(&self) -> Option<String> {
        self.not_ready.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Serves on `listener` until `shutdown` completes; requests under way then have a moment to finish.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener::Bounded::new(listener)?;
    let loopback = listener.is_loopback();
    let app = router(shared).layer(middleware::from_fn_with_state(guard::Policy { loopback }, guard::guard));
    let (tell, told) = tokio::sync::oneshot::channel();
    let shutdown = async {
        shutdown.await;
        // Nobody listens only if the server has ended already.
        let _ = tell.send(());
    };
    let moment = async {
        match told.await {
            Ok(()) => tokio::time::sleep(LAST_REQUESTS).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = axum::serve(listener, app).with_graceful_shutdown(shutdown).into_future() => ended,
        () = moment => Ok(()),
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/style.css", get(page::style))
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .nest("/api/v1", api::router())
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .with_state(shared)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let text = shared.metrics.render((shared.now)());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    match shared.not_ready() {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}
