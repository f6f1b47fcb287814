//! Lets go of a connection whose peer has vanished: lost its power, or its network for good.
//!
//! Such a peer closes nothing. Left to itself the kernel sends again for a quarter of an hour what
//! is not acknowledged, and asks an idle connection nothing for two hours; meanwhile the connection
//! takes one of the places there are, and a session's stream says that its member may be well.
//! Here it ends with an error half a minute after the peer's last sign of life, at the latest.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::net::sockopt;

/// How long what was sent may stay unacknowledged, or the peer may have no room for it. Longer than
/// a cable takes to be plugged in again or a switch to find another way; as long as the API's own
/// patience with a client that takes nothing.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
/// How long a connection may be silent before the kernel asks the peer whether it is there.
pub const IDLE_MAX: Duration = Duration::from_secs(15);
/// Between two such questions.
pub const QUESTION_EVERY: Duration = Duration::from_secs(5);
/// How many of them may stay unanswered: with `IDLE_MAX` before them, half a minute.
pub const QUESTIONS_MAX: u32 = 3;

/// Has the kernel give up this connection in time.
pub fn notice(stream: impl AsFd) -> io::Result<()> {
    sockopt::set_tcp_keepidle(&stream, IDLE_MAX)?;
    sockopt::set_tcp_keepintvl(&stream, QUESTION_EVERY)?;
    sockopt::set_tcp_keepcnt(&stream, QUESTIONS_MAX)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    #[cfg(target_os = "linux")]
    {
        let ms = u32::try_from(UNACKNOWLEDGED_MAX.as_millis()).map_err(io::Error::other)?;
        sockopt::set_tcp_user_timeout(&stream, ms)?;
    }
    Ok(())
}
