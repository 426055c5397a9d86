//! Modules in the order they are declared in, and what each of them uses.
use crate::scan::Token::{self, Sign, Word};
use crate::scan::production;
use std::fs;
use std::path::Path;

/// From the root of its crate; the root's own is empty.
type Place = Vec<String>;

pub(crate) struct Module {
    place: Place,
    /// As declared, so that a later one may use an earlier one.
    parts: Vec<String>,
    uses: Vec<Place>,
}

impl Module {
    fn read(place: Place, source: &str) -> Self {
        let tokens = production(source);
        let uses = paths(&tokens).iter().map(|path| resolve(path, &place)).collect();
        Self { parts: declared(&tokens), uses, place }
    }

    fn position(&self, part: &str) -> Option<usize> {
        self.parts.iter().position(|declared| declared == part)
    }
}

/// The module tree that starts in `root`, a `lib.rs` or `main.rs`.
pub(crate) fn below(root: &Path) -> Vec<Module> {
    let folder = root.parent().expect("a file is in a folder");
    let mut found = vec![Module::read(Vec::new(), &read(root))];
    let mut next = 0;
    while next < found.len() {
        for part in found[next].parts.clone() {
            let place = [found[next].place.as_slice(), &[part]].concat();
            let file = folder.join(place.join("/")).with_extension("rs");
            found.push(Module::read(place, &read(&file)));
        }
        next += 1;
    }
    found
}

/// What breaks the order: a module that uses a later sibling, of its own or of a module that it is part of.
pub(crate) fn reaching_up(modules: &[Module]) -> Vec<String> {
    let mut found = Vec::new();
    for module in modules {
        for target in &module.uses {
            let shared = module.place.iter().zip(target).take_while(|(own, other)| own == other).count();
            let Some(own) = module.place.get(shared) else { continue };
            let parent =
                modules.iter().find(|parent| parent.place == target[..shared]).expect("it has parts");
            let from = module.place.join("::");
            match target.get(shared).and_then(|part| parent.position(part)) {
                Some(other) if Some(other) > parent.position(own) => {
                    found.push(format!("{from} reaches up to {}", target[..=shared].join("::")));
                }
                None if shared == 0 => found.push(format!("{from} reaches up to the root of the crate")),
                // Below it, or an item of the module that both are part of.
                _ => {}
            }
        }
    }
    found
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The modules declared in files of their own.
fn declared(tokens: &[Token]) -> Vec<String> {
    let part = |three: &[Token]| match three {
        [Word("mod"), Word(name), Sign(';')] => Some((*name).to_owned()),
        _ => None,
    };
    tokens.windows(3).filter_map(part).collect()
}

/// Every path within the crate, groups taken apart: `crate::{a::B, c}` is `crate::a::B` and `crate::c`.
fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Vec<&'a str>> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let starts =
            matches!(token, Word("crate" | "self" | "super")) && (at == 0 || tokens[at - 1] != Sign(':'));
        if starts && matches!(tokens[at + 1..], [Sign(':'), Sign(':'), ..]) {
            branch(&tokens[at..], &[], &mut found);
        }
    }
    found
}

/// Reads one path, or one item of a group; answers what stands behind it.
fn branch<'t, 'a>(
    tokens: &'t [Token<'a>],
    stem: &[&'a str],
    found: &mut Vec<Vec<&'a str>>,
) -> &'t [Token<'a>] {
    let mut path = stem.to_vec();
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Word(name), Sign(':'), Sign(':'), after @ ..] => {
                path.push(name);
                after
            }
            [Word(name), Word("as"), Word(_), after @ ..] | [Word(name), after @ ..] => {
                path.push(name);
                found.push(path);
                return after;
            }
            [Sign('{'), after @ ..] => return group(after, &path, found),
            // `*`, or the `<` of `crate::page::<T>`.
            [_, after @ ..] => {
                found.push(path);
                return after;
            }
            [] => return rest,
        }
    }
}

fn group<'t, 'a>(
    tokens: &'t [Token<'a>],
    stem: &[&'a str],
    found: &mut Vec<Vec<&'a str>>,
) -> &'t [Token<'a>] {
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Sign('}'), after @ ..] => return after,
            [Sign(','), after @ ..] => after,
            [] => return rest,
            _ => branch(rest, stem, found),
        }
    }
}

/// Where a path leads when it is written in the module at `place`.
fn resolve(path: &[&str], place: &[String]) -> Place {
    let mut target = place.to_vec();
    for segment in path {
        match *segment {
            "crate" => target.clear(),
            "super" => drop(target.pop()),
            "self" => {}
            name => target.push(name.to_owned()),
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate of `domain`, `store` with its parts `rows` and `visits`, and `error`, in this order.
    fn reaching_up_with(place: &[&str], source: &str) -> Vec<String> {
        let parts = [
            (vec![], "mod domain; mod store; mod error;"),
            (vec!["domain"], ""),
            (vec!["store"], "mod rows; mod visits;"),
            (vec!["store", "rows"], ""),
            (vec!["store", "visits"], ""),
            (vec!["error"], ""),
        ];
        let modules = parts.map(|(other, text)| {
            let text = if other == place { format!("{text} {source}") } else { text.to_owned() };
            Module::read(other.into_iter().map(str::to_owned).collect(), &text)
        });
        reaching_up(&modules)
    }

    #[test]
    fn what_stands_above_may_be_used() {
        for (place, source) in [
            (&["store"][..], "use crate::domain::Visit; use self::rows::Row; use rows::Row;"),
            (&["store", "visits"], "use super::{Error, rows::{self, Row}}; use crate::{domain, store::Tx};"),
            (&["error"], "fn a(_: crate::store::Error) { crate::domain::parse::<u8>() }"),
            (&["error"], "// crate::main\nconst A: &str = \"crate::main\"; use other::error;"),
        ] {
            assert_eq!(reaching_up_with(place, source), Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn what_stands_below_may_not() {
        for (place, source, expected) in [
            (&["domain"][..], "use crate::store::Store;", "domain reaches up to store"),
            (&["domain"], "fn a() { crate::error::b() }", "domain reaches up to error"),
            (&["store"], "use crate::{domain as error, error as e};", "store reaches up to error"),
            (&["store", "rows"], "use super::visits::*;", "store::rows reaches up to store::visits"),
            (&["store", "rows"], "use super::{Error, visits};", "store::rows reaches up to store::visits"),
            (&["store", "rows"], "use super::super::error::Error;", "store::rows reaches up to error"),
            (&["store"], "use crate::SERVICE;", "store reaches up to the root of the crate"),
        ] {
            assert_eq!(reaching_up_with(place, source), [expected], "{source}");
        }
    }
}
