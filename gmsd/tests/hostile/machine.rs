//! Whether this machine can play the scenarios, and whether it is wished that it does.

use std::process::{Command, Stdio};

/// What is wished, by the variable `GMS_HOSTILE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Play them where possible.
    IfPossible,
    /// Not being able to is a failure.
    Required,
    /// Do not.
    Off,
}

/// Programs, and the Debian packages they come from.
const PROGRAMS: [(&str, &[&str], &str); 5] = [
    ("ip", &["-V"], "iproute2"),
    ("ss", &["-V"], "iproute2"),
    ("nft", &["-v"], "nftables"),
    ("setpriv", &["--version"], "util-linux"),
    ("cc", &["--version"], "gcc"),
];

impl Wish {
    /// What the environment says.
    pub(crate) fn read() -> Self {
        match std::env::var("GMS_HOSTILE").as_deref() {
            Ok("required") => Self::Required,
            Ok("off") => Self::Off,
            _ => Self::IfPossible,
        }
    }

    /// Whether not being able to is a failure.
    pub(crate) fn is_required(self) -> bool {
        self == Self::Required
    }

    /// Whether they will be played; an error says why not and what to do.
    pub(crate) fn check(self) -> Result<(), String> {
        if self == Self::Off {
            return Err("GMS_HOSTILE=off asks for that".to_owned());
        }
        if !rustix::process::geteuid().is_root() {
            return Err("it makes network namespaces, which needs root".to_owned());
        }
        for (program, arguments, package) in PROGRAMS {
            let found = quiet(Command::new(program).args(arguments));
            if !found {
                return Err(format!("{program} is missing; apt-get install {package}"));
            }
        }
        let name = format!("gms-hostile-{}-try", std::process::id());
        let made = quiet(Command::new("ip").args(["netns", "add", &name]));
        let filters = made
            && quiet(
                Command::new("ip").args(["netns", "exec", &name, "nft"]).arg("add table inet try"),
            );
        let _ = quiet(Command::new("ip").args(["netns", "del", &name]));
        match (made, filters) {
            (true, true) => Ok(()),
            (false, _) => Err("the kernel makes no network namespaces here".to_owned()),
            (true, false) => Err("the kernel has no nftables here".to_owned()),
        }
    }
}

/// Whether the longest stall and the largest group are wished too.
pub(crate) fn long_forms() -> bool {
    std::env::var_os("GMS_HOSTILE_LONG").is_some()
}

fn quiet(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
