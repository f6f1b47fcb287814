//! What the cluster said to a completion a moment ago. The file holds names only, is replaced as a whole,
//! and whatever is wrong with it, it is empty.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};

/// An answer is offered for so long.
const KEPT_MS: u64 = 10_000;
/// A larger file is none of ours.
const FILE_MAX_BYTES: u64 = 4 << 20;

/// Answers by their questions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    answers: BTreeMap<String, Answer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    at_ms: u64,
    names: Vec<String>,
}

impl Memory {
    /// What is remembered; nothing if the file is not there or not sound.
    pub fn read(file: &Path) -> Self {
        let fits = fs::metadata(file).is_ok_and(|facts| facts.len() <= FILE_MAX_BYTES);
        let text = if fits { fs::read(file).unwrap_or_default() } else { Vec::new() };
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The answer to a question, if it was given lately.
    pub fn get(&self, question: &str, now_ms: u64) -> Option<Vec<String>> {
        let answer = self.answers.get(question)?;
        // A clock that was set back makes an answer of the future: that is not lately.
        let age = now_ms.checked_sub(answer.at_ms)?;
        (age < KEPT_MS).then(|| answer.names.clone())
    }

    /// Remembers an answer, and forgets those that are too old.
    pub fn put(&mut self, question: String, names: Vec<String>, now_ms: u64) {
        self.answers.retain(|_, answer| now_ms.saturating_sub(answer.at_ms) < KEPT_MS);
        self.answers.insert(question, Answer { at_ms: now_ms, names });
    }

    /// Replaces the file. Whoever cannot asks the cluster again next time.
    pub fn write(&self, file: &Path) {
        let write = || -> Option<()> {
            let folder = file.parent()?;
            fs::create_dir_all(folder).ok()?;
            let mut new = tempfile::NamedTempFile::new_in(folder).ok()?;
            new.write_all(&serde_json::to_vec(self).ok()?).ok()?;
            new.persist(file).ok()?;
            Some(())
        };
        write();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_for_a_while_and_a_broken_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/completions.json");
        let mut memory = Memory::read(&file);
        memory.put("groups".to_owned(), vec!["payments".to_owned()], 1_000);
        memory.write(&file);
        let memory = Memory::read(&file);
        assert_eq!(memory.get("groups", 10_999), Some(vec!["payments".to_owned()]));
        assert_eq!(memory.get("groups", 11_000), None);
        assert_eq!(memory.get("groups", 999), None);
        assert_eq!(memory.get("nodes", 1_000), None);
        fs::write(&file, "{").unwrap();
        assert_eq!(Memory::read(&file).get("groups", 1_000), None);
    }
}
