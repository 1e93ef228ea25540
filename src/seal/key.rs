//! Keys of the C2SP signed-note specification, as texts and as what signs and verifies.
//!
//! In: `NAME+ID+KEY` and `PRIVATE+KEY+NAME+ID+SEED`. Out: signatures, and whether one holds. A log signs with Ed25519
//! (type 0x01), a witness with a cosignature (type 0x04), which carries its time.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::note::{Signature, is_name};

const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has another form.
    #[error("not a key of the form NAME+ID+KEY (C2SP signed-note)")]
    Form,
    /// It is of a kind that is not known here.
    #[error("a key of an unknown type: only Ed25519 (1) and cosignature (4) are known")]
    Type,
    /// Its id is not the hash of its name and key.
    #[error("a key whose id is not that of its name and bytes: it was changed or cut")]
    Id,
    /// Its bytes are no point of the curve.
    #[error("a key whose bytes are no Ed25519 key")]
    Bytes,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// A note, by who wrote it.
    Log,
    /// A checkpoint, by a witness who saw it at a time.
    Witness,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Log, Self::Witness].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// Whose.
    pub name: String,
    /// What it signs.
    pub kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads `NAME+ID+KEY`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text)?;
        let (kind, key) = bytes.split_first().ok_or(KeyError::Form)?;
        let kind = KeyKind::of(*kind).ok_or(KeyError::Type)?;
        let key: [u8; 32] = key.try_into().map_err(|_| KeyError::Form)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| KeyError::Bytes)?;
        let parsed = Self { name: name.to_owned(), kind, key };
        if parsed.id() == id { Ok(parsed) } else { Err(KeyError::Id) }
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key).
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        id(&self.name, self.kind, self.key.as_bytes())
    }

    /// Whether this key's owner signed `text`; for a witness, that it saw it at the time the signature carries.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &Signature) -> bool {
        if signature.name != self.name || signature.id != self.id() {
            return false;
        }
        let holds = |message: &[u8], bytes: &[u8]| {
            Ed25519::from_slice(bytes).is_ok_and(|made| self.key.verify_strict(message, &made).is_ok())
        };
        match self.kind {
            KeyKind::Log => holds(text.as_bytes(), &signature.bytes),
            KeyKind::Witness => signature.bytes.split_first_chunk::<8>().is_some_and(|(time, bytes)| {
                holds(cosigned(u64::from_be_bytes(*time), text).as_bytes(), bytes)
            }),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), BASE64.encode(bytes))
    }
}

/// When a witness says that it saw a checkpoint, seconds since 1970; `None` for a signature of another form.
#[must_use]
pub fn cosigned_at(signature: &Signature) -> Option<u64> {
    let (time, rest) = signature.bytes.split_first_chunk::<8>()?;
    (rest.len() == 64).then(|| u64::from_be_bytes(*time))
}

/// What a witness signs (C2SP tlog-cosignature).
fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A private key with its name. Shown nowhere but in its file.
#[derive(Clone, PartialEq, Eq)]
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

impl SignerKey {
    /// The key of this seed.
    #[must_use]
    pub fn new(name: &str, seed: &[u8; 32]) -> Self {
        Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) }
    }

    /// Reads `PRIVATE+KEY+NAME+ID+SEED`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text.strip_prefix(PRIVATE).ok_or(KeyError::Form)?)?;
        let (kind, seed) = bytes.split_first().ok_or(KeyError::Form)?;
        if *kind != KeyKind::Log.byte() {
            return Err(KeyError::Type);
        }
        let parsed = Self::new(name, seed.try_into().map_err(|_| KeyError::Form)?);
        if parsed.public().id() == id { Ok(parsed) } else { Err(KeyError::Id) }
    }

    /// Whose.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What others need.
    #[must_use]
    pub fn public(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), kind: KeyKind::Log, key: self.key.verifying_key() }
    }

    /// Its text, which is to be kept secret.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let bytes = [&[KeyKind::Log.byte()], &self.key.to_bytes()[..]].concat();
        let id = u32::from_be_bytes(self.public().id());
        format!("{PRIVATE}{}+{id:08x}+{}", self.name, BASE64.encode(bytes))
    }

    /// Signs a note's text.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        let bytes = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        Signature { name: self.name.clone(), id: self.public().id(), bytes }
    }

    /// Signs a checkpoint as a witness who saw it at `time` would, and the key that verifies it.
    #[must_use]
    pub fn cosign(&self, time: u64, text: &str) -> (Signature, VerifierKey) {
        let key = VerifierKey { kind: KeyKind::Witness, ..self.public() };
        let made = self.key.sign(cosigned(time, text).as_bytes()).to_bytes();
        let bytes = [&time.to_be_bytes()[..], &made].concat();
        (Signature { name: self.name.clone(), id: key.id(), bytes }, key)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.name)
    }
}

fn id(name: &str, kind: KeyKind, key: &[u8; 32]) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(key).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn parts(text: &str) -> Result<(&str, [u8; 4], Vec<u8>), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
    let is_hex = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_name(name) || !is_hex {
        return Err(KeyError::Form);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?.to_be_bytes();
    Ok((name, id, BASE64.decode(key).map_err(|_| KeyError::Form)?))
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
