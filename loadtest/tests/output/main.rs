//! What becomes of results: thresholds, Locust's CSV, tables, pages. Made from documents, as no server is needed for it.

#[cfg(test)]
mod checking;
#[cfg(test)]
mod locust;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tables;
