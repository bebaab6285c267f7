//! Makes a new file in `migrations/` rebuild the crate: `sqlx::migrate!` only watches those it has already embedded.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
