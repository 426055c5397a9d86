//! What a Fluent pattern names.
use fluent_syntax::ast::{Expression, InlineExpression, Pattern, PatternElement};

/// Something that a pattern takes from elsewhere.
pub(super) struct Name<'s> {
    /// None for what is no variable: another message, a term, a function.
    pub(super) variable: Option<&'s str>,
    /// Whether it decides between words, instead of standing among them.
    pub(super) decides: bool,
}

/// All that `pattern` names, in any of its branches.
pub(super) fn names<'s>(pattern: &Pattern<&'s str>) -> Vec<Name<'s>> {
    let mut found = Vec::new();
    gather(pattern, &mut found);
    found
}

fn gather<'s>(pattern: &Pattern<&'s str>, found: &mut Vec<Name<'s>>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            expressed(expression, found);
        }
    }
}

fn expressed<'s>(expression: &Expression<&'s str>, found: &mut Vec<Name<'s>>) {
    match expression {
        Expression::Inline(inline) => named(inline, false, found),
        Expression::Select { selector, variants } => {
            named(selector, true, found);
            for variant in variants {
                gather(&variant.value, found);
            }
        }
    }
}

fn named<'s>(inline: &InlineExpression<&'s str>, decides: bool, found: &mut Vec<Name<'s>>) {
    match inline {
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        InlineExpression::VariableReference { id } => found.push(Name { variable: Some(id.name), decides }),
        InlineExpression::Placeable { expression } => expressed(expression, found),
        InlineExpression::MessageReference { .. }
        | InlineExpression::TermReference { .. }
        | InlineExpression::FunctionReference { .. } => found.push(Name { variable: None, decides }),
    }
}
