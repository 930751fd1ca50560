//! The delay line: all that comes goes on after a fixed time, however much is on the way.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
    time::{Duration, Instant},
};

use super::Proxy;
use crate::{Error, cluster::short_folder};

/// How many chunks may be on the way before no more is read.
const CHUNKS: usize = 1024;
/// How many round trips a measurement has.
const ROUNDS: usize = 31;
/// A client's first packet without parameters.
const STARTUP: [u8; 8] = [0, 0, 0, 8, 0, 3, 0, 0];
/// A message without a body.
const MESSAGE: [u8; 5] = [b'S', 0, 0, 0, 4];

/// What comes from the source, each chunk as long after it came as the delay says.
pub(super) fn line(source: UnixStream, delay: Duration, chunk: usize) -> impl Iterator<Item = Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(CHUNKS);
    thread::spawn(move || read(source, delay, chunk, &sender));
    wake_exactly();
    due(receiver)
}

/// Reads to the end and notes for each chunk when it is due. The end is an empty chunk, and as late as the others.
fn read(mut source: UnixStream, delay: Duration, chunk: usize, sender: &SyncSender<(Instant, Vec<u8>)>) {
    let mut bytes = vec![0; chunk];
    loop {
        let length = source.read(&mut bytes).unwrap_or_default();
        let sent = sender.send((Instant::now() + delay, bytes[..length].to_vec()));
        if length == 0 || sent.is_err() {
            return;
        }
    }
}

/// The chunks, each when it is due.
fn due(receiver: Receiver<(Instant, Vec<u8>)>) -> impl Iterator<Item = Vec<u8>> {
    receiver.into_iter().map(|(due, chunk)| {
        // No sleep for what is due already: it lasts a while.
        if let Some(rest) = due.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero()) {
            thread::sleep(rest);
        }
        chunk
    })
}

/// Asks Linux to wake this thread at the time that it names: else it may come 50 microseconds late. Without the
/// permission, or elsewhere, it is late.
fn wake_exactly() {
    let thread = fs::read_link("/proc/thread-self").ok();
    if let Some(number) = thread.as_deref().and_then(Path::file_name) {
        let _ = fs::write(Path::new("/proc").join(number).join("timerslack_ns"), "1");
    }
}

/// Measures the added time of a round trip through a proxy with this delay.
pub(super) fn measure(delay: Duration) -> Result<Duration, Error> {
    let folder = tempfile::Builder::new().prefix("tl-").tempdir_in(short_folder());
    let folder = folder.map_err(Error::io("a folder for the echo"))?;
    let socket = folder.path().join("echo");
    let listener = UnixListener::bind(&socket).map_err(Error::io("the socket of the echo"))?;
    let echo = thread::spawn(move || (0..2).try_for_each(|_| serve_echo(listener.accept()?.0)));
    let direct = median_round_trip(&socket).map_err(Error::io("the echo"))?;
    let proxy = Proxy::start(&socket, delay)?;
    let delayed = median_round_trip(&proxy.socket()).map_err(Error::io("the echo by way of the proxy"))?;
    let served = echo.join().map_err(|_| Error::State("the echo's thread panicked"))?;
    served.map_err(Error::io("the echo"))?;
    Ok(delayed.saturating_sub(direct))
}

/// Sends back all messages but the first, which has no tag and so would not do for a server's.
fn serve_echo(mut client: UnixStream) -> io::Result<()> {
    client.read_exact(&mut [0; STARTUP.len()])?;
    io::copy(&mut client.try_clone()?, &mut client).map(drop)
}

fn median_round_trip(socket: &Path) -> io::Result<Duration> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&STARTUP)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        stream.write_all(&MESSAGE)?;
        stream.read_exact(&mut [0; MESSAGE.len()])?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[ROUNDS / 2])
}
