//! A program that does not outlive gmctl, whatever ends gmctl.
//!
//! The program is started by way of gmctl itself with a hidden first argument: that process asks
//! the kernel for its own end when its parent's comes (it keeps its process id, and the wish stays
//! with it), then becomes the program. All of that is safe code. Linux and FreeBSD can do it;
//! elsewhere a program whose gmctl was killed by `kill -9` goes on. A setuid program loses the
//! wish: the kernel forbids it.
//!
//! The kernel ties the wish to the thread that started the process, so that thread must live as
//! long as gmctl: verbs run on the main thread.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Command, ExitCode},
};

use crate::{error::Failure, exit::Exit};

/// The hidden first argument.
pub const ROLE: &str = "__exec";

/// What shells exit with when a program is not found, and when it cannot be started.
const NOT_FOUND: u8 = 127;
/// See [`NOT_FOUND`].
const NOT_STARTED: u8 = 126;

/// The command that starts the program on the leash.
pub fn command(program: &Path, arguments: &[OsString]) -> io::Result<Command> {
    let own = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        env::current_exe()?
    };
    let mut command = Command::new(own);
    command.arg0("gmctl").arg(ROLE).arg(process::id().to_string()).arg(program).args(arguments);
    Ok(command)
}

/// Finds the program as a shell would, before anything is joined for it.
pub fn find(program: &OsStr) -> Result<PathBuf, Failure> {
    let fits = |path: &Path| {
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let refuse = |code, why: &str| {
        let name = program.to_string_lossy();
        Err(Failure::new(Exit::Passed(code), format!("{name}: {why}; nothing was joined")))
    };
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return if fits(&path) {
            Ok(path)
        } else if path.exists() {
            refuse(NOT_STARTED, "not a program that may be started")
        } else {
            refuse(NOT_FOUND, "no such program")
        };
    }
    let found = env::var_os("PATH").and_then(|path| {
        env::split_paths(&path).map(|directory| directory.join(program)).find(|path| fits(path))
    });
    match found {
        Some(path) => Ok(path),
        None => refuse(NOT_FOUND, "no such program in PATH"),
    }
}

/// The whole life of the process between: parent's process id, program, arguments.
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = arguments.next();
    let Some(program) = arguments.next() else {
        return Exit::Usage.into();
    };
    if let Err(why) = follow_parent(parent.as_deref()) {
        return fail(&program, &why);
    }
    let why = Command::new(&program).args(arguments).exec();
    fail(&program, &why)
}

fn fail(program: &OsStr, why: &io::Error) -> ExitCode {
    use io::Write as _;
    let name = program.to_string_lossy();
    let _ = writeln!(io::stderr(), "error: {name} cannot be started: {why}");
    Exit::Passed(NOT_STARTED).into()
}

/// Asks for the end of this process at the end of its parent's.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn follow_parent(parent: Option<&OsStr>) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have gone before it was asked for; then somebody else is the parent now.
    let parent = parent.and_then(OsStr::to_str).unwrap_or_default();
    let present = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if present.as_deref() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::other("gmctl has ended meanwhile"))
    }
}

/// Other systems have no such wish.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
fn follow_parent(_: Option<&OsStr>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_would() {
        assert!(find(OsStr::new("sh")).unwrap().is_absolute());
        assert_eq!(find(OsStr::new("/bin/sh")).unwrap(), Path::new("/bin/sh"));
        for (name, code) in
            [("no-such-program", 127), ("/no/such", 127), ("/etc/passwd", 126), ("/", 126)]
        {
            assert_eq!(find(OsStr::new(name)).unwrap_err().exit, Exit::Passed(code), "{name}");
        }
    }
}
