//! Sends a snapshot file to a peer, part by part, on a connection of its own.
//!
//! A transfer that breaks begins again from the start: a snapshot is tens of megabytes, and a
//! peer that believes half of one would be worse than a second transfer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gms::id::NodeId;

use super::{
    super::{
        record::{CoverRecord, VoteRecord},
        snapshot::SnapshotFile,
        types::Vote,
    },
    directory::Directory,
    lane::Lane,
    link::{Link, LinkError},
    message::{Answer, Ask},
};
use crate::host::disk::DiskFile;

/// How much of the file goes into one message, in bytes.
const PART_LEN: u64 = 1 << 20;
/// How long the peer may take to store one part.
const PART_TIME_MAX: Duration = Duration::from_secs(10);

/// Sends the snapshot and waits until the peer has installed it, for `install` at most. Returns
/// the vote that holds at the peer: if it is greater than `vote`, nothing was installed.
pub async fn send_snapshot(
    directory: &Directory,
    to: NodeId,
    vote: Vote,
    snapshot: &SnapshotFile,
    install: Duration,
) -> Result<Vote, LinkError> {
    let host = directory.host();
    let failed = |error: std::io::Error| {
        // It may just have been replaced by a newer one; openraft asks for that next.
        LinkError::Lost(format!("snapshot {}: {error}", snapshot.path.display()))
    };
    let (file, len) = {
        let (disk, path) = (Arc::clone(&host.disk), snapshot.path.clone());
        let open = move || {
            let file = disk.open(&path)?;
            let len = file.len()?;
            Ok::<_, std::io::Error>((Arc::<dyn DiskFile>::from(file), len))
        };
        host.run_blocking(open).await.map_err(failed)?
    };
    let link = directory.own_link(to, Lane::Snapshot)?;
    let begin = Ask::SnapshotBegin {
        vote: VoteRecord::from(&vote),
        cover: CoverRecord::from(&snapshot.meta),
        len,
    };
    go_on(ask(&link, &begin, PART_TIME_MAX).await?)?;
    let mut offset = 0;
    while offset < len {
        let part_len = usize::try_from(PART_LEN.min(len - offset)).unwrap_or(usize::MAX);
        let file = Arc::clone(&file);
        let read = move || {
            let mut part = vec![0; part_len];
            file.read_at(offset, &mut part).map(|()| part)
        };
        let bytes = Bytes::from(host.run_blocking(read).await.map_err(failed)?);
        let part = Ask::SnapshotPart { offset, bytes };
        go_on(ask(&link, &part, PART_TIME_MAX).await?)?;
        offset += part_len as u64;
    }
    match ask(&link, &Ask::SnapshotEnd, install).await? {
        Answer::SnapshotDone { vote } => Ok(Vote::from(vote)),
        other => Err(LinkError::Lost(other.unfit())),
    }
}

async fn ask(link: &Link, ask: &Ask, within: Duration) -> Result<Answer, LinkError> {
    let pending = link.ask(ask.encode(), within)?;
    let bytes = pending.answer_within(within).await?;
    Answer::decode(&bytes).map_err(|error| LinkError::Lost(error.to_string()))
}

fn go_on(answer: Answer) -> Result<(), LinkError> {
    match answer {
        Answer::SnapshotGoOn => Ok(()),
        other => Err(LinkError::Lost(other.unfit())),
    }
}
