use crate::pages::{PageAnswer, asset};

/// The console's style sheet, on top of that of all pages.
pub(crate) async fn console_style() -> PageAnswer {
    Ok(asset("text/css; charset=utf-8", include_str!("console.css")))
}
