//! What admins see, and nobody else.

use axum::Json;
use axum::extract::State;

use crate::App;
use crate::auth::bearer::Admin;
use crate::error::ApiError;
use crate::extract::Query;
use crate::paging::PageQuery;
use crate::users::{self, Profile};

/// List everybody, by name
#[utoipa::path(
    get,
    path = "/api/v1/admin/users",
    tag = "admin",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of users", body = [Profile]),
        (status = 403, description = "The token is not an admin's", body = crate::error::Body),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_users(
    State(app): State<App>,
    _: Admin,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<Profile>>, ApiError> {
    Ok(Json(users::list(&app.db, page.checked()?).await?))
}
