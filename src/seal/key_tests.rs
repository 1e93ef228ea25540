//! Keys against the example of golang.org/x/mod/sumdb/note, whose format became the specification.

use super::super::note::Note;
use super::*;

const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_example_of_the_go_library_is_signed_and_verified() {
    let (secret, public) = (SignerKey::parse(SECRET).unwrap(), VerifierKey::parse(PUBLIC).unwrap());
    assert_eq!(
        (secret.public(), public.to_string(), secret.to_secret_text()),
        (public, PUBLIC.into(), SECRET.into())
    );
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.signatures, [secret.sign(&note.text)]);
    assert!(secret.public().verifies(&note.text, &note.signatures[0]));
    assert!(!secret.public().verifies("another text\n", &note.signatures[0]));
    assert_eq!(format!("{secret:?}"), "SignerKey(PeterNeumann)");
}

#[test]
fn a_key_changed_anywhere_is_none() {
    for at in 0..PUBLIC.len() {
        let mut changed = PUBLIC.as_bytes().to_vec();
        changed[at] ^= 1;
        let Ok(text) = String::from_utf8(changed) else { continue };
        assert!(VerifierKey::parse(&text).is_err(), "{text}");
    }
    assert_eq!(VerifierKey::parse(SECRET), Err(KeyError::Form));
    let other = [&[2u8], &[0u8; 32][..]].concat();
    assert_eq!(VerifierKey::parse(&format!("a+00000000+{}", BASE64.encode(other))), Err(KeyError::Type));
    assert_eq!(SignerKey::parse(PUBLIC).unwrap_err(), KeyError::Form);
    assert_eq!(SignerKey::parse(&SECRET.replace("PeterN", "peterN")).unwrap_err(), KeyError::Id);
}

#[test]
fn a_cosignature_is_that_of_another_implementation() {
    // Python, cryptography 48: Ed25519PrivateKey.from_private_bytes(bytes([9] * 32)) over
    // "cosignature/v1\ntime 1679315147\n" and the text.
    let text = "sum.golang.org\n15368405\n31JQUq8EyQx5lpqtKRqryJzA+77WD2xmTyuB4uIlXeE=\n";
    let (signature, key) = SignerKey::new("w.example", &[9; 32]).cosign(1_679_315_147, text);
    assert_eq!(
        signature.to_string(),
        "\u{2014} w.example 4cNCDgAAAABkGFDL7YPC6JghxBntNkloys4H90laSJFXlZZs3JWkq+qvlB4ocLHCZLhYqTtGBRKyM94/BlbXVkd50jq8Hq8FRZyyCw=="
    );
    assert_eq!(key.to_string(), "w.example+e1c3420e+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY");
    assert!(key.verifies(text, &signature) && cosigned_at(&signature) == Some(1_679_315_147));
    assert!(!VerifierKey { kind: KeyKind::Log, ..key }.verifies(text, &signature));
}
