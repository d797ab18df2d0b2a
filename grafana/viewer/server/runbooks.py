"""Runbooks: one Markdown page an alert, shown as a readable page of its own.

An alert's link brings its labels along: they stand in the place of `<service>` and the like, and each query can be run.
"""

import html
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
_PAGE_LINK = re.compile(r"(?:\./)?([A-Za-z][A-Za-z0-9_-]*)\.md(#.*)?")
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_]*)>")
# A matcher whose value is not known: its query is run for all values.
_OPEN_MATCHER = re.compile(r'([a-z][a-z0-9_]*)="<([a-z][a-z0-9_]*)>"')
# What a shell and make both leave as it is between single quotes.
_PLAIN = re.compile(r"[\w.,:;/@%+ -]{1,200}")
_DATA_SOURCES = {"promql": "prometheus", "logql": "loki"}
# The variables that every dashboard has.
_VARIABLES = ("env", "service")
LONGEST_VALUE = 500

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
  padding: .8rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
pre code { padding: 0; background: none }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: left; vertical-align: top }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--dim) }
th { background: var(--back); font-weight: 600 }
.code { position: relative } .code pre { padding-right: 8.5rem }
.tools { position: absolute; top: .4rem; right: .4rem; display: flex; gap: .4rem }
.tools a, .tools button { padding: .15rem .6rem; font: inherit; font-size: 12px; line-height: 20px;
  text-decoration: none; cursor: pointer;
  color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 3px }
.tools a { color: var(--link); font-weight: 600 }
.filled { color: var(--dim); font-size: 14px } .filled code { overflow-wrap: anywhere }
ul.pages { list-style: none; padding: 0 } ul.pages li { padding: .45rem 0; border-top: 1px solid var(--line) }
ul.pages a { font-weight: 600 } ul.pages p { margin: 0; color: var(--dim); font-size: 14px }
@media (max-width: 40rem) { main { margin: 0; border: 0; padding: .5rem 1rem 1rem }
  .code pre { padding-right: 1rem; padding-bottom: 2.8rem } .tools { top: auto; bottom: .4rem } }
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
  code.parentNode.parentNode.querySelector(".tools").append(button);
}
"""


def names(folder: Path) -> list[str]:
    """The alerts that have a runbook."""
    return sorted(path.stem for path in folder.glob("*.md") if path.stem.lower() not in ("readme", "index"))


def render(folder: Path, name: str, theme: str = "", labels: Mapping[str, str] | None = None) -> str | None:
    """The page of one alert, or None when there is none. The name is looked up, never joined to a path.

    labels: those of the alert that led here.
    """
    path = next((path for path in folder.glob("*.md") if path.stem == name), None)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    asked = set(_PLACEHOLDER.findall(text)) | set(_VARIABLES)
    given = {label: value for label, value in (labels or {}).items() if label in asked}
    known = tuple(sorted((label, value) for label, value in given.items() if 0 < len(value) <= LONGEST_VALUE))
    return _page(f"{name} · runbook", _told(known) + _render_text(text, known), theme)


@lru_cache(maxsize=512)
def _render_text(text: str, labels: tuple[tuple[str, str], ...] = ()) -> str:
    tokens = _MARKDOWN.parse(text)
    known = dict(labels)
    for token in tokens:
        if token.type == "fence":
            token.meta["query"] = _fill(_open(token.content.strip(), known), known, token.info)
            token.content = _fill(token.content, known, token.info)
        for child in token.children or []:
            _keep_link_here(child, known)
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _fence(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A block of code with what can be done with it. The page's script adds the button that copies."""
    code, language = tokens[index].content, tokens[index].info
    run = ""
    if source := _DATA_SOURCES.get(language):
        address = f"/explore?{urlencode({'datasource': source, 'query': tokens[index].meta['query']})}"
        run = f'<a href="{html.escape(address)}" aria-label="Run this query">Run</a>'
    return f'<div class="code"><pre><code>{html.escape(code)}</code></pre><div class="tools">{run}</div></div>\n'


_MARKDOWN.add_render_rule("fence", _fence)


def _open(query: str, known: Mapping[str, str]) -> str:
    """A query that asks for every value of what is not known."""
    return _OPEN_MATCHER.sub(lambda match: match[0] if match[2] in known else f'{match[1]}=~".+"', query)


def _fill(code: str, known: Mapping[str, str], language: str) -> str:
    """A block with the values that are known in the place of their names."""

    def value_of(match: re.Match[str]) -> str:
        value = known.get(match[1])
        if value is None:
            return match[0]
        if language in _DATA_SOURCES:
            return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return value if _PLAIN.fullmatch(value) else match[0]

    return _PLACEHOLDER.sub(value_of, code)


def _told(labels: tuple[tuple[str, str], ...]) -> str:
    """Whose numbers the page shows."""
    if not labels:
        return ""
    values = " ".join(f"<code>{html.escape(name)}={html.escape(value)}</code>" for name, value in labels)
    return f'<p class="filled">Filled in from the alert: {values}</p>'


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


def _keep_link_here(token: Token, known: Mapping[str, str]) -> None:
    """`[x](OtherAlert.md)` works on a code host and here alike. Pages about the same thing are told what it is."""
    if token.type != "link_open":
        return
    href = str(token.attrGet("href") or "")
    if match := _PAGE_LINK.fullmatch(href):
        query = f"?{urlencode(known)}" if known else ""
        token.attrSet("href", f"/runbooks/{match[1]}{query}{match[2] or ''}")
    elif href.startswith("/d/") and "?" not in href:
        variables = {f"var-{name}": known[name] for name in _VARIABLES if name in known}
        token.attrSet("href", f"{href}?{urlencode(variables)}" if variables else href)


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
