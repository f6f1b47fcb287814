//! The file of contexts: `--config FILE`, else `GMS_CONFIG`, else `contexts.toml` in the user's
//! configuration directory. It is replaced as a whole, so a reader never sees half of it. Beside it
//! lies `keys.toml`, the user's own keys of the dashboard, which is only read.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use directories::ProjectDirs;

use crate::{action::keymap::Keymap, config::contexts::Contexts, error::Failure, exit::Exit};

/// Where the file is; none where the user has no home directory.
pub fn path(wish: Option<&Path>) -> Option<PathBuf> {
    wish.map(Path::to_owned).or_else(|| {
        ProjectDirs::from("", "", "gms").map(|dirs| dirs.config_dir().join("contexts.toml"))
    })
}

/// The contexts in the file; none if it does not exist.
pub fn read(path: Option<&Path>) -> Result<Contexts, Failure> {
    let Some(path) = path else {
        return Ok(Contexts::default());
    };
    match fs::read_to_string(path) {
        Ok(text) => Contexts::parse(&text).map_err(|why| {
            Failure::usage(format!("{} is no file of contexts: {why}", path.display()))
                .hint("mend it, or name another with --config FILE")
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Contexts::default()),
        Err(why) => Err(Failure::usage(format!("{} cannot be read: {why}", path.display()))),
    }
}

/// Where the user's keys are: beside the contexts, in a file of their own, because a file that is
/// written by hand is never written over.
pub fn keys_path(contexts: Option<&Path>) -> Option<PathBuf> {
    contexts.map(|path| path.with_file_name("keys.toml"))
}

/// The keys of the dashboard, with the user's own; the default ones if there is no such file.
pub fn read_keys(path: Option<&Path>) -> Result<Keymap, Failure> {
    let Some(path) = path else {
        return Ok(Keymap::default());
    };
    match fs::read_to_string(path) {
        Ok(text) => Keymap::parse(&text).map_err(|why| {
            Failure::usage(format!("{} is no keymap: {why}", path.display()))
                .hint("mend it, or move it away; gmctl config keys --default lists every action")
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Keymap::default()),
        Err(why) => Err(Failure::usage(format!("{} cannot be read: {why}", path.display()))),
    }
}

/// Replaces the file.
pub fn write(path: Option<&Path>, contexts: &Contexts) -> Result<(), Failure> {
    let path = path.ok_or_else(|| {
        Failure::usage("there is no home directory to keep contexts in")
            .hint("name a file with --config FILE or GMS_CONFIG")
    })?;
    let text = contexts.to_text().map_err(Failure::bug)?;
    replace(path, text.as_bytes()).map_err(|why| {
        Failure::new(Exit::Refused, format!("{} cannot be written: {why}", path.display()))
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::contexts::Context;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_is_an_empty_list() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/contexts.toml");
        assert_eq!(read(Some(&path)).unwrap(), Contexts::default());
        let mut contexts = Contexts::default();
        contexts.set(
            "lab".parse().unwrap(),
            Context { endpoints: vec!["h:1".to_owned()], ..Context::default() },
        );
        write(Some(&path), &contexts).unwrap();
        assert_eq!(read(Some(&path)).unwrap(), contexts);
        fs::write(&path, "current = 3").unwrap();
        let failure = read(Some(&path)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.what.contains("contexts.toml"), "{failure}");
        assert_eq!(write(None, &contexts).unwrap_err().exit, Exit::Usage);
    }
}
