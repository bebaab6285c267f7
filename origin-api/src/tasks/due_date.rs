//! A day as clients write it.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

// chrono alone would also read `2026-1-2` and years of five digits, whose text does not sort as the days do.
/// A day, in the form that RFC 3339 calls full-date and in no other
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
#[schema(value_type = String, format = Date, example = "2026-12-24")]
pub(crate) struct DueDate(NaiveDate);

impl<'de> Deserialize<'de> for DueDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        day.filter(|day| (1..=9999).contains(&day.year()) && day.to_string() == text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a day as YYYY-MM-DD"))
    }
}
