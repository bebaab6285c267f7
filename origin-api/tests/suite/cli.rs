//! The program itself, as a shell sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::SECRET;

/// A server that does not outlive its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_origin-api"));
    command
        .current_dir(folder)
        .env_remove("JWT_SECRET")
        .env_remove("BOUNCER_SECRET")
        .env_remove("LOG_FORMAT")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn serve(folder: &Path, listen: &str) -> Command {
    let mut command = program(folder);
    command.args(["serve", "--listen", listen, "--database", "tasks.sqlite"]);
    command
}

/// Asserts that the program failed with one line on standard error, which it gives back.
#[track_caller]
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn serving_without_a_secret_says_what_to_set() {
    let folder = TempDir::new().unwrap();
    let output = serve(folder.path(), "127.0.0.1:0").output().unwrap();
    assert!(complaint(&output).contains("set it to the secret"));
}

#[test]
fn serving_with_a_short_secret_says_how_long_it_must_be() {
    let folder = TempDir::new().unwrap();
    let output = serve(folder.path(), "127.0.0.1:0")
        .env("JWT_SECRET", "short")
        .output()
        .unwrap();
    assert!(complaint(&output).contains("at least 32 bytes, this one has 5"));
}

#[test]
fn serving_with_an_empty_secret_of_the_edge_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let output = serve(folder.path(), "127.0.0.1:0")
        .env("JWT_SECRET", SECRET)
        .env("BOUNCER_SECRET", "")
        .output()
        .unwrap();
    assert!(complaint(&output).contains("BOUNCER_SECRET is empty"));
}

#[test]
fn serving_on_a_port_in_use_says_so() {
    let folder = TempDir::new().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap().to_string();
    let output = serve(folder.path(), &listen)
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(complaint(&output).contains(&format!("{listen} is already in use")));
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let folder = TempDir::new().unwrap();
    let output = program(folder.path())
        .args(["seed", "--database", "missing/tasks.sqlite"])
        .output()
        .unwrap();
    assert!(complaint(&output).contains("missing/tasks.sqlite"));
}

/// A server that has said where it listens, and the rest of what it will say.
fn serving(folder: &Path, arguments: &[&str]) -> (Server, BufReader<ChildStdout>, String) {
    let child = serve(folder, "127.0.0.1:0")
        .args(arguments)
        .env("JWT_SECRET", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut stdout = BufReader::new(server.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://");
    (server, stdout, address.unwrap().to_owned())
}

#[test]
fn the_server_says_where_it_listens_answers_there_and_leaves_quietly_when_told() {
    for stop_signal in ["-TERM", "-INT"] {
        let folder = TempDir::new().unwrap();
        let (mut server, mut stdout, address) = serving(folder.path(), &[]);

        // The connection stays open, as a client's would: leaving must not wait for it.
        let mut connection = TcpStream::connect(address).unwrap();
        connection
            .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = [0; 15];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");

        let pid = server.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([stop_signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(server.0.wait().unwrap().code(), Some(0));
        let (mut rest, mut log) = (String::new(), String::new());
        stdout.read_to_string(&mut rest).unwrap();
        let mut stderr = server.0.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        assert_eq!((rest.as_str(), log.as_str()), ("", ""));
    }
}

#[test]
fn the_log_as_json_has_a_line_for_each_request_with_its_id_and_no_secret() {
    let folder = TempDir::new().unwrap();
    let (mut server, _stdout, address) =
        serving(folder.path(), &["--log-format", "json", "--debug-routes"]);
    for (request, body) in [
        (
            "GET /api/v1/tasks?limit=SECRET1 HTTP/1.1\r\nAuthorization: Bearer SECRET2",
            "",
        ),
        (
            "POST /api/v1/auth/login HTTP/1.1\r\nContent-Type: application/json",
            r#"{"username":"SECRET3","password":"SECRET4"}"#,
        ),
        ("GET /api/v1/ws?access_token=SECRET5 HTTP/1.1", ""),
        ("GET /api/v1/debug/fail HTTP/1.1", ""),
    ] {
        let length = body.len();
        let mut connection = TcpStream::connect(&address).unwrap();
        write!(
            connection,
            "{request}\r\nHost: localhost\r\nX-Request-Id: id-7\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        connection.read_to_string(&mut String::new()).unwrap();
    }
    server.0.kill().unwrap();
    let mut log = String::new();
    let mut stderr = server.0.stderr.take().unwrap();
    stderr.read_to_string(&mut log).unwrap();

    assert!(!log.contains("SECRET"), "{log}");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answered: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered")
        .map(|line| {
            assert!(line["latency_us"].is_u64(), "{line}");
            assert_eq!(line["span"]["request_id"], "id-7", "{line}");
            let text = |field: &str| line["span"][field].as_str().unwrap().to_owned();
            (
                text("method"),
                text("path"),
                line["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let of = |method: &str, path: &str, status| (method.to_owned(), path.to_owned(), status);
    assert_eq!(
        answered,
        [
            of("GET", "/api/v1/tasks", 401),
            of("POST", "/api/v1/auth/login", 401),
            of("GET", "/api/v1/ws", 401),
            of("GET", "/api/v1/debug/fail", 500),
        ]
    );
}

#[test]
fn seeding_says_what_it_made_and_the_second_time_that_there_was_nothing_to_do() {
    let folder = TempDir::new().unwrap();
    let seed = || {
        let output = program(folder.path())
            .args(["seed", "--users", "2", "--tasks", "3"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (first, second) = (seed(), seed());
    assert!(first.contains("demo1, demo2, with 3 tasks each"), "{first}");
    assert!(first.contains("made: admin, an admin"), "{first}");
    assert!(second.contains("nothing to do"), "{second}");
}
