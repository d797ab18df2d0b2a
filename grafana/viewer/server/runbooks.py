"""Runbooks: one Markdown page an alert, shown as a readable page of its own."""

import html
import re
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
_PAGE_LINK = re.compile(r"(?:\./)?([A-Za-z][A-Za-z0-9_-]*)\.md(#.*)?")

STYLE = """
@font-face { font-family: Inter; src: url(/fonts/inter/Inter-Regular.woff2) format("woff2"); font-weight: 100 900 }
:root { color-scheme: light; --ink: #24292e; --dim: #5f6368; --back: #f4f5f5; --panel: #fff; --line: #e1e3e6;
  --link: #1f62e0 }
:root[data-theme=dark] { color-scheme: dark; --ink: #ccccdc; --dim: #9a9bab; --back: #111217; --panel: #181b1f;
  --line: #2e3036; --link: #6e9fff }
@media (prefers-color-scheme: dark) {
  :root:not([data-theme=light]) { color-scheme: dark; --ink: #ccccdc; --dim: #9a9bab; --back: #111217;
    --panel: #181b1f; --line: #2e3036; --link: #6e9fff }
}
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.6 Inter, "Helvetica Neue", Arial, sans-serif }
header { border-bottom: 1px solid var(--line); background: var(--panel) }
header nav { max-width: 52rem; margin: auto; padding: .7rem 1.5rem; display: flex; gap: 1.25rem; font-size: 14px }
main { max-width: 52rem; margin: 1.5rem auto 4rem; padding: .5rem 1.5rem 1.5rem; box-sizing: border-box;
  background: var(--panel); border: 1px solid var(--line); border-radius: 4px }
a { color: var(--link) } header a { text-decoration: none }
h1 { font-size: 1.7rem; line-height: 1.25 } h2 { font-size: 1.2rem; margin-top: 2rem } h3 { font-size: 1rem }
code, pre { font-family: "Roboto Mono", ui-monospace, Menlo, monospace; font-size: 13px }
code { background: var(--back); border-radius: 3px; padding: .1em .35em }
pre { background: var(--back); border: 1px solid var(--line); border-radius: 3px;
  padding: .8rem 1rem; overflow-x: auto }
pre code { padding: 0; background: none }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: left; vertical-align: top }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--dim) }
th { background: var(--back); font-weight: 600 }
.code { position: relative }
.code button { position: absolute; top: .4rem; right: .4rem; padding: .15rem .6rem; font: inherit; font-size: 12px;
  color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 3px; cursor: pointer }
ul.pages { list-style: none; padding: 0 } ul.pages li { padding: .45rem 0; border-top: 1px solid var(--line) }
ul.pages a { font-weight: 600 } ul.pages p { margin: 0; color: var(--dim); font-size: 14px }
@media (max-width: 40rem) { main { margin: 0; border: 0; padding: .5rem 1rem 1rem } }
"""
# The page is complete without it: it only puts a button on each block of code. A page that is not served over HTTPS or
# from this machine has no clipboard; there the text is selected, to be copied by hand.
SCRIPT = """
for (const code of document.querySelectorAll("pre > code")) {
  const button = document.createElement("button");
  button.textContent = "Copy";
  button.onclick = async () => {
    getSelection().selectAllChildren(code);
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(code.textContent.trimEnd());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy" }, 2000);
  };
  const frame = document.createElement("div");
  frame.className = "code";
  code.parentNode.replaceWith(frame);
  frame.append(code.parentNode, button);
}
"""


def names(folder: Path) -> list[str]:
    """The alerts that have a runbook."""
    return sorted(path.stem for path in folder.glob("*.md") if path.stem.lower() not in ("readme", "index"))


def render(folder: Path, name: str, theme: str = "") -> str | None:
    """The page of one alert, or None when there is none. The name is looked up, never joined to a path."""
    path = next((path for path in folder.glob("*.md") if path.stem == name), None)
    if path is None:
        return None
    return _page(f"{name} · runbook", _render_text(path.read_text(encoding="utf-8")), theme)


@lru_cache(maxsize=512)
def _render_text(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        for child in token.children or []:
            _keep_link_here(child)
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def index(folder: Path, missing: str | None = None, theme: str = "") -> str:
    """All runbooks; `missing` names one that was asked for and does not exist."""
    found = names(folder)
    links = "".join(_entry(folder, name) for name in found)
    title = f"There is no runbook {html.escape(repr(missing))}" if missing else "Runbooks"
    lead = "These exist:" if missing else "What to do when an alert fires."
    listing = f'<ul class="pages">{links}</ul>' if found else "<p>No runbook has been written yet.</p>"
    return _page("Runbooks", f"<h1>{title}</h1><p>{lead}</p>{listing}", theme)


def _entry(folder: Path, name: str) -> str:
    """A runbook in the index, with the sentence that it begins with."""
    paragraphs = (folder / f"{name}.md").read_text(encoding="utf-8").split("\n\n")
    sentence = next((paragraph for paragraph in paragraphs if not paragraph.startswith("#")), "")
    first = _render_text(re.split(r"(?<=[.:])\s", " ".join(sentence.split()), maxsplit=1)[0])
    escaped = html.escape(name)
    return f'<li><a href="/runbooks/{escaped}">{escaped}</a>{first}</li>'


def _keep_link_here(token: Token) -> None:
    """`[x](OtherAlert.md)` works on a code host and here alike."""
    if token.type != "link_open":
        return
    match = _PAGE_LINK.fullmatch(str(token.attrGet("href") or ""))
    if match:
        token.attrSet("href", f"/runbooks/{match[1]}{match[2] or ''}")


def _page(title: str, body: str, theme: str) -> str:
    attribute = f" data-theme={theme}" if theme in ("dark", "light") else ""
    return (
        f"<!doctype html><html lang=en{attribute}><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>"
        '<header><nav aria-label="Pages"><a href="/">Dashboards</a><a href="/alerts">Alerts</a>'
        '<a href="/runbooks/">All runbooks</a></nav></header>'
        f"<main>{body}</main><script>{SCRIPT}</script></body></html>"
    )
