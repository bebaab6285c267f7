//! Loads an HTTP API and shows what its clients felt: percentiles, never averages, and refusals apart from failures.
//!
//! A rate limiter is judged by what happens to the requests it lets through, so the three ends a request can meet are
//! kept apart from the first sample to the last column: *served*, *refused* (a 429, protection at work) and *failed*.
//!
//! The rooms, from the wire to the page: [`request`] is what to send, [`client`] sends it and times it, [`sample`] is
//! one timed end, [`statistics`] sums samples up, [`report`] is the documented JSON and [`table`] the same for people.
//! [`volley`] is the load itself and [`hammer`] the command around it. [`check`] judges a run by its file, [`locust`]
//! writes and reads the files of that tool, and [`html`] makes a page for the browser.
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod client;
pub mod compare;
pub mod error;
pub mod figures;
pub mod hammer;
pub mod html;
pub mod locust;
pub mod output;
pub mod outputs;
pub mod refusal;
pub mod report;
pub mod request;
pub mod sample;
pub mod scenario;
pub mod statistics;
pub mod table;
pub mod transport;
pub mod volley;
