//! The repository's own text: what is read, what of a Rust file is code, and how complaints are made.

use std::path::Path;

/// One file of text.
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 5] = [".git", "target", "corpus", "artifacts", "__pycache__"];

/// Every text file of the repository, in order of path.
pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    gather(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|source| source.path == "src/lib.rs"), "this is not the repository's root");
    found
}

fn gather(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository can be read") {
        let path = entry.expect("a folder's entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path =
                path.strip_prefix(root).expect("it was found under the root").to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}

/// Whether it is Rust.
pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Whether a file of `src` holds tests only.
pub(crate) fn is_test(path: &str) -> bool {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    path.contains("/tests/") || stem == "tests" || stem == "testing" || stem.ends_with("_tests")
}

/// The lines that are shipped code, numbered from 1: no comments, nothing of a test module at the end.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text.get(..tests).unwrap_or(text).lines().enumerate();
    lines
        .map(|(at, line)| (at + 1, line.split(" // ").next().unwrap_or(line).trim()))
        .filter(|(_, line)| !line.starts_with("//"))
}

/// Fails with every complaint, if there is one.
#[track_caller]
pub(crate) fn complain(complaints: impl IntoIterator<Item = String>) {
    let all: Vec<String> = complaints.into_iter().collect();
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}
