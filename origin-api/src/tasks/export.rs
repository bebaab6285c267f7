//! All of a user's tasks at once, as a download, with totals: dear, and the dearer the more tasks there are.
//!
//! Contract: totals and tasks are of one moment, since one transaction reads them. Rows go out as SQLite finds them, a
//! few at a time, so memory stays flat however many there are. Only so many exports run at once, since each holds a
//! connection; the others wait. A client that takes nothing for a while is cut off, and sees that it is: what is cut off
//! is not valid to the end.

mod encoding;
mod report;

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sqlx::{Sqlite, Transaction};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::auth::bearer::CurrentUser;
use crate::error::ApiError;
use crate::extract::Query;
use crate::tasks::export::encoding::{Csv, Encode, Json};
use crate::tasks::export::report::{Report, Totals};

/// Exports that run at once; each holds one of the database's connections.
pub(crate) const EXPORTS_AT_ONCE: usize = 8;

/// Rows that are sent together.
const ROWS: usize = 64;

/// Chunks that wait for the client.
const CHUNKS: usize = 2;

/// How long a client may take to make room for a chunk.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// As what; JSON if it is left out
    #[param(required = false, nullable = false, inline)]
    format: Option<Format>,
}

#[derive(Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

type Chunks = mpsc::Sender<io::Result<Bytes>>;

/// Export all of one's tasks
///
/// With totals by status, priority and week of creation. In CSV each task has the totals of its own status, priority
/// and week in the last columns.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/export",
    tag = "tasks",
    params(ExportQuery),
    responses((
        status = 200,
        description = "All tasks, oldest first",
        content((Report = "application/json"), (String = "text/csv")),
        headers(("Content-Disposition" = String, description = "Names the file"))
    )),
    security(("bearer" = []))
)]
pub(crate) async fn export(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let turn = app.exports.clone().acquire_owned().await;
    let turn = turn.map_err(|error| ApiError::Internal(error.into()))?;
    let mut snapshot = app.db.begin().await?;
    let totals = Totals::of(&mut snapshot, &user.id).await?;

    let format = query.format.unwrap_or_default();
    let (chunks, body) = mpsc::channel(CHUNKS);
    let writing = async move {
        let _turn = turn;
        let written = match format {
            Format::Json => write(Json::new(&totals), snapshot, &user.id, &chunks).await,
            Format::Csv => write(Csv::new(&totals), snapshot, &user.id, &chunks).await,
        };
        match written {
            Ok(()) | Err(Interrupted::ClientGone) => {}
            Err(Interrupted::Failed(error)) => {
                tracing::error!(%error, "an export ended early");
                // Which breaks the connection off: the status has long been sent, and an end would look like the end.
                let _ = timeout(SEND_TIMEOUT, chunks.send(Err(io::Error::other(error)))).await;
            }
        }
    };
    tokio::spawn(writing.in_current_span());
    let (content_type, file) = match format {
        Format::Json => ("application/json", "attachment; filename=\"tasks.json\""),
        Format::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"tasks.csv\"",
        ),
    };
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_DISPOSITION, file)];
    Ok((headers, Body::from_stream(ReceiverStream::new(body))).into_response())
}

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    /// The client left.
    #[error("the client is gone")]
    ClientGone,
    /// The database failed, or a row could not be written, or the client takes nothing.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

async fn write(
    mut format: impl Encode,
    mut snapshot: Transaction<'_, Sqlite>,
    user_id: &str,
    chunks: &Chunks,
) -> Result<(), Interrupted> {
    let mut buffer = Vec::new();
    format.begin(&mut buffer)?;
    let mut tasks = report::tasks(&mut snapshot, user_id);
    let mut waiting = 0;
    while let Some(task) = tasks.try_next().await? {
        format.task(&task, &mut buffer)?;
        waiting += 1;
        if waiting == ROWS {
            send(chunks, std::mem::take(&mut buffer)).await?;
            waiting = 0;
        }
    }
    format.end(&mut buffer)?;
    send(chunks, buffer).await
}

async fn send(chunks: &Chunks, chunk: Vec<u8>) -> Result<(), Interrupted> {
    match timeout(SEND_TIMEOUT, chunks.send(Ok(chunk.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Interrupted::ClientGone),
        Err(elapsed) => Err(Interrupted::Failed(elapsed.into())),
    }
}

impl From<sqlx::Error> for Interrupted {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for Interrupted {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}
