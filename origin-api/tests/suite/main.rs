//! The API from outside: the real router over a real SQLite file, and the real program.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod search;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tasks;
