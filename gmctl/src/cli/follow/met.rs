//! What a wait prints once its condition holds.

use gms::{
    api::{GroupSummary, NodeStatus},
    view::View,
};
use serde::Serialize;

use crate::{
    cli::look::members,
    output::{
        human,
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// A view with enough members. Its JSON is the view.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Enough(pub(super) View);

impl Page for Enough {
    type Item = View;

    fn items(&self) -> Vec<&View> {
        vec![&self.0]
    }

    fn names(&self) -> Vec<String> {
        self.0.members.iter().map(|member| member.id.to_string()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("VIEW").right(),
            Column::new("MEMBERS").right(),
        ]);
        let view = &self.0;
        table.row([(&view.group).into(), view.view.into(), view.members.len().into()]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        format!(
            "{} has {} at view {}\n",
            self.0.group,
            human::count(self.0.members.len(), "member"),
            self.0.view
        )
    }
}

/// A group, node or member that passes. Its JSON is the item of its list.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Met<T>(pub(super) T);

impl<T: Serialize + Named> Page for Met<T> {
    type Item = T;

    fn items(&self) -> Vec<&T> {
        vec![&self.0]
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.name()]
    }

    fn table(&self, style: &Style) -> Table {
        self.0.rows(style)
    }
}

/// A row that can stand alone.
pub(super) trait Named {
    /// Its name.
    fn name(&self) -> String;
    /// It under heads.
    fn rows(&self, style: &Style) -> Table;
}

impl Named for GroupSummary {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn rows(&self, style: &Style) -> Table {
        gms::api::Groups { revision: self.view, groups: vec![self.clone()] }.table(style)
    }
}

impl Named for NodeStatus {
    fn name(&self) -> String {
        self.id.to_string()
    }

    fn rows(&self, style: &Style) -> Table {
        gms::api::Nodes { answered_by: self.id, nodes: vec![self.clone()] }.table(style)
    }
}

impl Named for members::Row {
    fn name(&self) -> String {
        self.member.id.to_string()
    }

    fn rows(&self, _: &Style) -> Table {
        members::table_of(self)
    }
}
