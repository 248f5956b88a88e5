"""What the theme in .streamlit/config.toml cannot say: a static style sheet, never with anything from a file in it."""

from __future__ import annotations

from typing import Final

STYLE: Final = """<style>
.stMainBlockContainer { max-width: 1240px; }
.st-key-bar [data-testid="stMarkdownContainer"], .st-key-bar p { margin-bottom: 0; }
[class*="st-key-sample-"]:not(.st-key-sample-watch) button { padding: 0; min-height: 0; }
[class*="st-key-sample-"]:not(.st-key-sample-watch) button { text-align: left; justify-content: flex-start; }
.st-key-steps { padding-bottom: 0.25rem; border-bottom: 1px solid var(--st-border-color); }
.st-key-steps > div[data-testid] { flex: 1 1 0 !important; width: auto !important; min-width: 7.4rem !important; }
.st-key-steps a { align-items: flex-start; justify-content: flex-start; padding: 0.4rem 0.55rem; min-height: 4rem; width: 100%; }
.st-key-steps a p { white-space: normal; line-height: 1.25; font-size: 0.875rem; text-align: left; }
.st-key-steps a p > span { display: block; }
.st-key-sentence h1 { padding: 0.25rem 0 0.5rem; line-height: 1.3; text-wrap: pretty; overflow-wrap: anywhere; }
.stExpander summary p { white-space: normal; overflow-wrap: anywhere; }
.stMainBlockContainer:has(.st-key-meeting) { max-width: 1500px; padding: 4rem 1.5rem 0.5rem; }
.stMainBlockContainer:has(.st-key-meeting) > [data-testid="stVerticalBlock"] { gap: 0.25rem; }
.st-key-meeting, .st-key-meeting [data-testid="stVerticalBlock"] { gap: 0.25rem; }
.st-key-meeting p, .st-key-meeting li { font-size: 1.05rem; line-height: 1.3; }
.st-key-meeting .st-key-sentence h1 { font-size: 1.65rem; line-height: 1.15; padding: 0 0 0.6rem; }
.st-key-meeting h3 { padding: 0 0 0.6rem; }
.st-key-meeting [data-testid="stForm"] { padding: 0; }
[class*="st-key-table-"] { padding: 0.5rem 0.75rem !important; }
.st-key-meeting .st-key-table-steps p { font-size: 0.95rem; }
[class*="st-key-item-"] [data-testid="stMarkdownContainer"] { margin-bottom: 0; overflow-wrap: anywhere; }
[class*="st-key-item-"] p { margin-bottom: 0; }
[data-testid="stSliderThumbValue"], [data-testid="stSliderThumbValue"] p { color: var(--st-text-color); }
@media (min-width: 901px) {
  .st-key-language-switch { position: fixed; top: 0.55rem; right: 4rem; width: 130px !important; z-index: 999991; }
}
@media (max-width: 900px) {
  .st-key-steps { display: grid !important; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 2px; }
  .st-key-steps > div[data-testid] { min-width: 0 !important; }
  .st-key-steps a { min-height: 0; height: 100%; padding: 0.25rem 0.3rem; }
  .st-key-steps a p { font-size: 0.75rem; overflow-wrap: anywhere; }
}
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  .st-key-sentence h1 { font-size: 1.3rem; }
}
</style>"""
