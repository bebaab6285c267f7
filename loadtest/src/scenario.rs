//! `loadtest scenario`: people and programs using the Task Manager, some of them as they should not.

pub mod report;
pub mod table;
