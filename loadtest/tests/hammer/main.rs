//! `loadtest hammer` from the outside: the real binary against a real HTTP server.

#[cfg(test)]
mod measuring;
#[cfg(test)]
mod run;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod server;
#[cfg(test)]
mod showing;
