use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;
use crate::request::{Target, template};

fn get(address: SocketAddr) -> Template {
    let target: Target = format!("http://{address}/").parse().unwrap();
    template(&target, &hyper::Method::GET, &[], "")
}

#[tokio::test]
async fn a_connection_the_server_closed_while_idle_is_replaced_and_is_no_failure() {
    // At once, the client learns of it only by trying to send; later, it knows beforehand.
    for noticed_after in [Duration::ZERO, Duration::from_millis(50)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = Client::new(Arc::new([address]), Duration::from_secs(5));
        client.connect().await.unwrap();
        drop(listener.accept().unwrap());
        if !noticed_after.is_zero() {
            tokio::time::sleep(noticed_after).await;
        }

        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert_ne!(stream.read(&mut [0; 1_024]).unwrap(), 0);
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap();
        });
        let (sample, _) = client.send(&get(address), Keep::Nothing).await;

        assert_eq!(sample.outcome, Outcome::Answered(StatusCode::NO_CONTENT));
        assert_eq!(client.opened(), 2);
        server.join().unwrap();
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_apart_from_a_closed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert_ne!(stream.read(&mut [0; 1_024]).unwrap(), 0);
        stream.write_all(b"220 mail.example ready\r\n").unwrap();
    });
    let mut client = Client::new(Arc::new([address]), Duration::from_secs(5));
    let (sample, _) = client.send(&get(address), Keep::Nothing).await;
    assert_eq!(sample.outcome, Outcome::Broken(TransportError::NotHttp));
    server.join().unwrap();
}
