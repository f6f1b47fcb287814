//! An acknowledged act on a member, as `join`, `drain` and `leave` print it: the API's body, or whose
//! life it was about, what became of it and in which view.

use gms::id::{GroupId, Incarnation, MemberId, Revision};
use serde::Serialize;

use crate::output::{
    page::Page,
    style::Style,
    table::{Cell, Column, Table},
};

/// An acknowledged act. Its JSON is the API's body.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Acknowledged<T> {
    /// The body.
    pub answer: T,
    /// What people are told.
    #[serde(skip)]
    pub told: Told,
}

/// What people are told of an act.
#[derive(Debug)]
pub struct Told {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub id: MemberId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The view in which it took effect.
    pub view: Revision,
    /// The head of the column of the result, and what stands in it.
    pub result: (&'static str, &'static str),
    /// What became of the member, in a sentence about it: `left`, `is draining`.
    pub sentence: String,
    /// More columns behind, each with its cell.
    pub more: Vec<(Column, Cell)>,
    /// What `-o wide` says besides: `, key ab12`.
    pub wide: String,
}

impl<T: Serialize> Page for Acknowledged<T> {
    type Item = T;

    fn items(&self) -> Vec<&T> {
        vec![&self.answer]
    }

    fn names(&self) -> Vec<String> {
        vec![self.told.id.to_string()]
    }

    fn table(&self, _: &Style) -> Table {
        let Told { group, id, incarnation, view, result: (head, result), more, .. } = &self.told;
        let (columns, cells): (Vec<Column>, Vec<Cell>) = more.iter().cloned().unzip();
        let own = [
            Column::new("GROUP"),
            Column::new("MEMBER").field("id"),
            Column::new(head),
            Column::new("INCARNATION").right(),
            Column::new("VIEW").right(),
        ];
        let mut table = Table::new(&[&own[..], &columns].concat());
        let own = vec![group.into(), id.into(), (*result).into(), incarnation.into(), view.into()];
        table.push([own, cells].concat());
        table
    }

    fn text(&self, wide: bool, _: &Style) -> String {
        let Told { group, id, incarnation, view, sentence, .. } = &self.told;
        let more = if wide { self.told.wide.as_str() } else { "" };
        format!("{group}/{id} {sentence}: incarnation {incarnation}, view {view}{more}\n")
    }
}
