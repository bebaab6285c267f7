//! The API from outside: the real router over a real SQLite file, and the real program.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod debug;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod export;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod request_log;
#[cfg(test)]
mod search;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod ws;
