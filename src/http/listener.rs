//! A TCP listener with bounds: so many connections at once, each closed when it has been idle too long, so that
//! clients that open connections and say nothing cannot use the daemon up.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 256;
/// Longer than Prometheus' default scrape interval, so that a scraper keeps its connection.
const IDLE: Duration = Duration::from_secs(75);

pub(super) struct Bounded {
    listener: TcpListener,
    address: SocketAddr,
    room: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { address: listener.local_addr()?, listener, room: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let permit = Arc::clone(&self.room).acquire_owned().await.expect("the semaphore is never closed");
        // axum's own accept waits out errors such as too many open files.
        let (stream, from) = Listener::accept(&mut self.listener).await;
        (
            Connection { stream, idle: Box::pin(tokio::time::sleep(IDLE)), waiting: false, _permit: permit },
            from,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// One connection; reading and writing fail once nothing has moved for too long.
pub(super) struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    /// Whether `idle` already measures the present standstill.
    waiting: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// Passes on what the stream did, unless it has stood still for too long.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, did: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if did.is_ready() {
            self.waiting = false;
            return did;
        }
        if !self.waiting {
            self.idle = Box::pin(tokio::time::sleep(IDLE));
            self.waiting = true;
        }
        self.idle.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let did = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.bounded(cx, did)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let did = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bounded(cx, did)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
