//! Did you mean: the nearest name there is, for one that is not there.

use gms::{
    client::Client,
    id::{GroupId, MemberId},
};

use crate::{error::Failure, exit::Exit};

/// From this likeness on (0 to 1) a name is worth suggesting: a letter or two astray.
const LIKENESS_MIN: f64 = 0.85;

/// The name that is most like the wanted one, if any is.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    names
        .map(|name| (strsim::jaro_winkler(wanted, &name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The same failure with the group that may have been meant.
pub async fn group(client: &Client, wanted: &GroupId, failure: Failure) -> Failure {
    if failure.exit != Exit::NotFound {
        return failure;
    }
    // No answer here is no reason to hide the failure itself.
    let Ok(groups) = client.groups().await else {
        return failure;
    };
    let names = groups.value.groups.into_iter().map(|group| group.name.to_string());
    match nearest(wanted.as_str(), names) {
        Some(name) => failure.hint(format!("did you mean {name:?}? gmctl groups lists them")),
        None => failure.hint("gmctl groups lists what there is"),
    }
}

/// The same failure with the member, or the group, that may have been meant.
pub async fn member(
    client: &Client,
    in_group: &GroupId,
    wanted: &MemberId,
    failure: Failure,
) -> Failure {
    if failure.exit != Exit::NotFound {
        return failure;
    }
    let Ok(view) = client.group(in_group).await else {
        return group(client, in_group, failure).await;
    };
    let names = view.value.members.into_iter().map(|member| member.id.to_string());
    match nearest(wanted.as_str(), names) {
        Some(name) => {
            failure.hint(format!("did you mean {name:?}? gmctl members {in_group} lists them"))
        }
        None => failure.hint(format!("gmctl members {in_group} lists who is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_name_is_not() {
        let names = || ["payments", "orders", "search"].into_iter().map(str::to_owned);
        assert_eq!(nearest("paymnts", names()).as_deref(), Some("payments"));
        assert_eq!(nearest("ordres", names()).as_deref(), Some("orders"));
        assert_eq!(nearest("zebra", names()), None);
    }
}
