//! Questions to the service on a person's behalf: each is answered exactly once, with a reply or
//! with words on what became of it.

use gms::{
    answer::{ClientError, Write},
    api::TransferRequest,
    calls::Departure,
    client::Client,
};
use tokio::sync::mpsc::Sender;

use crate::{
    model::group::MemberKey,
    tui::{
        message::Message,
        request::{Parting, Reply, Request, Target, Ticket},
    },
};

/// Asks the service to do something, or only whether it would.
pub(super) async fn ask(
    client: Client,
    to: Sender<Message>,
    ticket: Ticket,
    request: Request,
    dry_run: bool,
) {
    let write = Write {
        dry_run,
        ..Write::default()
    };
    let answer = match request {
        Request::Join(group, body) => client.join(&group, &body, &write).await.map(|answer| {
            let new = answer.is_new_life();
            Reply::Joined(Box::new(answer.value), new)
        }),
        Request::Leave(targets, reason) => Ok(Reply::Left(
            part(&client, &targets, reason.as_deref(), &write).await,
        )),
        Request::SetHold(group, body) => client
            .set_hold(&group, &body, &write)
            .await
            .map(|answer| Reply::Hold(answer.value)),
        Request::ClearHold(group) => client
            .clear_hold(&group, &write)
            .await
            .map(|answer| Reply::Hold(answer.value)),
        Request::Transfer(node) => {
            let body = TransferRequest { to: Some(node) };
            client
                .transfer_leader(&body, &write)
                .await
                .map(|answer| Reply::Leader(answer.value))
        }
    };
    reply(&to, ticket, answer).await;
}

/// Asks why a member is gone or in doubt.
pub(super) async fn ask_why(client: Client, to: Sender<Message>, ticket: Ticket, key: MemberKey) {
    let answer = client.why(&key.group, &key.id).await;
    reply(
        &to,
        ticket,
        answer.map(|answer| Reply::Why(Box::new(answer.value))),
    )
    .await;
}

async fn reply(to: &Sender<Message>, ticket: Ticket, answer: Result<Reply, ClientError>) {
    let answer = answer.map_err(|error| error.to_string());
    // Without a dashboard nobody is left to be told.
    let _ = to.send(Message::Answered(ticket, answer)).await;
}

/// One life after the other; a refusal of one is no reason to spare the next.
async fn part(client: &Client, targets: &[Target], reason: Option<&str>, write: &Write) -> Parting {
    let mut parting = Parting::default();
    for target in targets {
        let MemberKey { group, id } = &target.key;
        let departure = Departure {
            incarnation: Some(target.incarnation),
            // Whoever acts here is an operator, also one without words.
            reason: Some(
                reason
                    .unwrap_or("by an operator at the dashboard")
                    .to_owned(),
            ),
            exit: None,
        };
        match client.leave(group, id, &departure, write).await {
            Ok(answer) => parting.left.push((id.clone(), answer.value.view)),
            Err(error) => parting.refused.push((id.clone(), error.to_string())),
        }
    }
    parting
}
