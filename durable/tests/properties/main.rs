//! What the counters promise, checked against an obviously correct model that remembers everything and computes nothing
//! in advance. Cases a property: 10,000, or as many as `PROPTEST_CASES` says.

#[cfg(test)]
mod clock;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod deciding;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod governor;
#[cfg(test)]
mod model;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod saving;
#[cfg(test)]
mod settling;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod versions;
