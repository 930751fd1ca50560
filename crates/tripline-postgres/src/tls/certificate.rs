//! The digest of a certificate that a password is bound to: `tls-server-end-point` of RFC 5929.

use ring::digest::{Algorithm, SHA256, SHA384, SHA512};

/// The object identifiers of RSA signatures but for their last byte, which says the digest.
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01";
/// ECDSA with SHA-1, and the beginning of ECDSA with one of the digests called SHA-2.
const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
const ECDSA_SHA2: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03";

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// The certificate's digest, by the digest that its signature was made with. There is none for signatures without a
/// digest of their own (Ed25519) and for those that name it elsewhere (RSA-PSS), as older servers cannot bind those.
pub(super) fn digest(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = algorithm(signature_algorithm(certificate)?)?;
    Some(ring::digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// MD5 and SHA-1 are too weak: the RFC has SHA-256 stand in for them.
fn algorithm(identifier: &[u8]) -> Option<&'static Algorithm> {
    if identifier == ECDSA_SHA1 {
        return Some(&SHA256);
    }
    match (identifier.strip_prefix(RSA), identifier.strip_prefix(ECDSA_SHA2)) {
        (Some([4 | 5 | 11]), _) | (_, Some([2])) => Some(&SHA256),
        (Some([12]), _) | (_, Some([3])) => Some(&SHA384),
        (Some([13]), _) | (_, Some([4])) => Some(&SHA512),
        _ => None,
    }
}

/// The identifier in `SEQUENCE { what is signed, SEQUENCE { identifier, .. }, signature }`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    Some(identifier)
}

/// The content of a DER element with this tag, and what follows it.
pub(super) fn element(text: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = text.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // So many bytes of the length follow; a certificate has less than 2^24.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        rcgen::CertificateParams::new(["h".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_digest_is_that_of_the_signature() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(digest(&der).unwrap(), ring::digest::digest(&SHA256, &der).as_ref());
        let der = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(digest(&der).unwrap(), ring::digest::digest(&SHA384, &der).as_ref());
        assert_eq!(digest(&certificate(&rcgen::PKCS_ED25519)), None);
        for (last, length) in [(5, 32), (11, 32), (12, 48), (13, 64)] {
            assert_eq!(algorithm(&[RSA, &[last]].concat()).unwrap().output_len(), length);
        }
        assert!(algorithm(&[RSA, &[10]].concat()).is_none(), "RSA-PSS");
    }

    #[test]
    fn a_piece_of_a_certificate_has_none() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for length in 0..der.len() {
            assert_eq!(digest(&der[..length]), None);
        }
        assert_eq!(element(b"\x30\x80", SEQUENCE), None);
        assert_eq!(element(b"\x30\x84\0\0\0\0", SEQUENCE), None);
    }
}
