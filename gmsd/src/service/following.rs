//! Keeps the board: asks every node, a few times a second, what changed in the looks of the members
//! it is the monitor of. A node that answers is also known to be reachable.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use gms::id::NodeId;
use tokio_util::sync::CancellationToken;

use super::{
    board::Board,
    waist::Service,
    wire::{Reply, Request},
};
use crate::{
    host::world::Host,
    liveness::bands::BandsAt,
    udp::handle::{BandsQuery, Liveness},
};

/// How often each node is asked.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// Every so many times the figures of the groups are asked for too: once a second.
const TALLY_EVERY: u32 = 4;
/// How long a node may take to answer.
const ANSWER_WAIT: Duration = Duration::from_millis(400);

/// Follows all nodes until cancelled.
pub async fn follow(
    host: Host,
    board: Board,
    service: Service,
    liveness: Liveness,
    node: NodeId,
    stop: CancellationToken,
) {
    let mut places: BTreeMap<NodeId, BandsAt> = BTreeMap::new();
    let mut tick = tokio::time::interval(ASK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        // So that an age is known also when the next to ask comes during an election.
        let _ = service.age_ms();
        service.note_applied();
        let tally = round.is_multiple_of(TALLY_EVERY);
        round = round.wrapping_add(1);
        let others = service.others();
        let pinned = board.pinned();
        let asking = others.iter().chain([&node]).map(|asked| {
            let after = places.get(asked).copied();
            let (service, liveness, pinned) = (&service, &liveness, pinned.clone());
            async move {
                let bands = if *asked == node {
                    let query = BandsQuery { after, pinned, tally };
                    liveness.bands(query).await
                } else {
                    let request = Request::Bands { after, pinned, tally };
                    match service.exchange(*asked, request, ANSWER_WAIT).await {
                        Some(Reply::Bands(bands)) => Some(bands),
                        _ => None,
                    }
                };
                (*asked, bands)
            }
        });
        for (asked, bands) in join_all(asking).await {
            match bands {
                Some(bands) => {
                    places.insert(asked, bands.at);
                    board.take(host.clock.now(), asked, bands, tally);
                }
                None => board.forget(asked),
            }
        }
        places.retain(|asked, _| *asked == node || others.contains(asked));
    }
}
