//! Which part of a list: `limit` and `offset`, the same on every list.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// As it is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many at most
    #[param(
        value_type = i64,
        required = false,
        nullable = false,
        minimum = 1,
        maximum = 200,
        default = 50
    )]
    limit: Option<u32>,
    /// How many to skip
    #[serde(default)]
    #[param(
        value_type = i64,
        required = false,
        minimum = 0,
        maximum = 4_294_967_295_u64,
        default = 0
    )]
    offset: u32,
}

/// As it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// How many at most.
    pub(crate) limit: u32,
    /// How many to skip.
    pub(crate) offset: u32,
}

impl PageQuery {
    /// The page, if its limit is one that is served.
    pub(crate) fn checked(self) -> Result<Page, ApiError> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let message = format!("limit: 1 to {LIMIT_MAX}");
            return Err(ApiError::InvalidQuery(message));
        }
        Ok(Page {
            limit,
            offset: self.offset,
        })
    }
}
