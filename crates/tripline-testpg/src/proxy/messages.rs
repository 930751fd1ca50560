//! The borders between the messages of PostgreSQL's protocol.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Direction;

/// The code in a client's first packet that asks to cancel; those that ask for TLS and for GSS follow it.
const CANCEL: u32 = 80_877_102;
/// No packet is longer; what says so is something else than the protocol.
const LONGEST: usize = 1 << 30;

/// What both directions of a connection have to know of each other.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// The client asked for encryption: the server's answer is a byte.
    asked: AtomicBool,
    /// What follows is not the protocol, or is encrypted.
    opaque: AtomicBool,
}

/// A part of what goes in one direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A whole message.
    Message(&'a [u8]),
    /// Bytes that are no message.
    Other(&'a [u8]),
}

/// What comes from one side, cut into messages.
#[derive(Debug)]
pub(super) struct Messages {
    direction: Direction,
    bytes: Vec<u8>,
    taken: usize,
    has_tags: bool,
}

impl Messages {
    pub(super) fn new(direction: Direction) -> Messages {
        // A client's first message has no tag.
        Messages { direction, bytes: Vec::new(), taken: 0, has_tags: direction == Direction::ToClient }
    }

    /// Adds what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next part, if it is there whole.
    pub(super) fn next(&mut self, talk: &Talk) -> Option<Part<'_>> {
        let rest = &self.bytes[self.taken..];
        if rest.is_empty() {
            return None;
        }
        if talk.opaque.load(Ordering::Acquire) {
            return Some(Part::Other(self.take(rest.len())));
        }
        if self.direction == Direction::ToClient && talk.asked.swap(false, Ordering::AcqRel) {
            // `S` and `G` say yes, `N` says no.
            talk.opaque.store(matches!(rest[0], b'S' | b'G'), Ordering::Release);
            return Some(Part::Other(self.take(1)));
        }
        let tag = usize::from(self.has_tags);
        let length = tag + number(rest, tag)? as usize;
        if !(tag + 4..LONGEST).contains(&length) {
            talk.opaque.store(true, Ordering::Release);
            return Some(Part::Other(self.take(rest.len())));
        }
        if rest.len() < length {
            return None;
        }
        match self.has_tags {
            true => Some(Part::Message(self.take(length))),
            false => Some(self.first(length, talk)),
        }
    }

    /// A client's packet without a tag: it begins the session, or asks for something before that.
    fn first(&mut self, length: usize, talk: &Talk) -> Part<'_> {
        let code = number(&self.bytes, self.taken + 4).unwrap_or_default();
        match code.checked_sub(CANCEL) {
            Some(0) => Part::Other(self.take(length)),
            Some(1 | 2) => {
                talk.asked.store(true, Ordering::Release);
                Part::Other(self.take(length))
            }
            _ => {
                self.has_tags = true;
                Part::Message(self.take(length))
            }
        }
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let begin = self.taken;
        self.taken += length;
        &self.bytes[begin..self.taken]
    }
}

/// The number that begins at this byte, if it is there.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{CANCEL, Direction, Messages, Part, Talk};

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + body.len()).expect("it is short");
        [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
    }

    #[test]
    fn messages_are_whole_however_they_come() {
        let (talk, mut messages) = (Talk::default(), Messages::new(Direction::ToServer));
        let begin = packet(196_608, b"user\0me\0\0");
        let all = [&begin[..], b"Q\0\0\0\x06a\0", b"S\0\0\0\x04"].concat();
        let mut found = Vec::new();
        for byte in all {
            messages.push(&[byte]);
            while let Some(part) = messages.next(&talk) {
                let Part::Message(message) = part else { panic!("{part:?}") };
                found.push(message.to_vec());
            }
        }
        assert_eq!(found, [&begin[..], b"Q\0\0\0\x06a\0", b"S\0\0\0\x04"]);
    }

    #[test]
    fn a_refused_request_for_tls_is_followed_by_messages() {
        let talk = Talk::default();
        let (mut client, mut server) =
            (Messages::new(Direction::ToServer), Messages::new(Direction::ToClient));
        let (ask, begin) = (packet(CANCEL + 1, b""), packet(196_608, b"\0"));
        client.push(&ask);
        assert_eq!(client.next(&talk), Some(Part::Other(&ask)));
        server.push(b"N");
        assert_eq!(server.next(&talk), Some(Part::Other(b"N")));
        client.push(&begin);
        assert_eq!(client.next(&talk), Some(Part::Message(&begin)));
        server.push(b"Z\0\0\0\x05I");
        assert_eq!(server.next(&talk), Some(Part::Message(b"Z\0\0\0\x05I")));
    }

    #[test]
    fn after_a_granted_request_for_tls_all_is_opaque() {
        let talk = Talk::default();
        let (mut client, mut server) =
            (Messages::new(Direction::ToServer), Messages::new(Direction::ToClient));
        let ask = packet(CANCEL + 1, b"");
        client.push(&ask);
        assert_eq!(client.next(&talk), Some(Part::Other(&ask)));
        server.push(b"S");
        assert_eq!(server.next(&talk), Some(Part::Other(b"S")));
        client.push(b"\x16\x03");
        assert_eq!(client.next(&talk), Some(Part::Other(b"\x16\x03")));
    }
}
