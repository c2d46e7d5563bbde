//! The fenced blocks of a page.

use anyhow::bail;

use super::output::Output;

/// What a page has its reader do.
pub(super) struct Page {
    pub(super) steps: Vec<Step>,
    /// The commands of `console` blocks.
    pub(super) not_run: Vec<String>,
}

/// One `sh` block.
pub(super) struct Step {
    /// Where its commands begin.
    pub(super) line: usize,
    pub(super) commands: String,
    pub(super) output: Option<Output>,
}

impl Page {
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let mut page = Self { steps: Vec::new(), not_run: Vec::new() };
        let mut follows_commands = false;
        for (line, mark, content) in blocks(text)? {
            let was_following = std::mem::replace(&mut follows_commands, mark == "sh");
            let last = page.steps.last_mut().filter(|_| was_following);
            match (mark, last) {
                ("sh", _) => page.steps.push(Step { line, commands: content, output: None }),
                ("json", Some(step)) => step.output = Some(Output::json(&content)?),
                ("text", Some(step)) => step.output = Some(Output::Text(content)),
                ("console", _) => {
                    let commands = content.lines().filter_map(|line| line.strip_prefix("$ "));
                    page.not_run.extend(commands.map(str::to_owned));
                }
                (mark, _) if mark.is_empty() || mark.contains([' ', ',', '{']) || mark.starts_with("sh") => {
                    bail!("line {line}: the mark {mark:?} is none of the convention's")
                }
                ("bash" | "shell" | "zsh", _) => bail!("line {line}: commands are marked sh"),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// The fenced blocks: where each begins, its mark and its content.
fn blocks(text: &str) -> anyhow::Result<Vec<(usize, &str, String)>> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, Vec<&str>)> = None;
    for (index, line) in text.lines().enumerate() {
        match (open.as_mut(), line.trim_start().strip_prefix("```")) {
            (None, Some(mark)) => open = Some((index + 2, mark.trim(), Vec::new())),
            (Some(_), Some("")) => {
                blocks.extend(open.take().map(|(line, mark, lines)| (line, mark, lines.join("\n"))));
            }
            (Some((_, _, lines)), _) => lines.push(line),
            (None, None) => {}
        }
    }
    match open {
        Some((line, ..)) => bail!("line {line}: a block that does not end"),
        None => Ok(blocks),
    }
}
