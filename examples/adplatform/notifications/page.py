"""The page on which a person reads the notifications. All that an alert says is escaped."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from string import Template

from examples.adplatform.notifications.duration import lasted
from examples.adplatform.notifications.links import links
from examples.adplatform.tables import Notification

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>Notifications ($count)</title>
<style>
  body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: #111217; color: #ccccdc;
         font: 15px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.3rem; font-weight: 500; }
  article { margin: .75rem 0; padding: .75rem 1rem; background: #181b1f;
            border-left: 4px solid #6e6e7a; border-radius: 3px; }
  article.critical { border-color: #f2495c; }
  article.error { border-color: #ff780a; }
  article.warning { border-color: #f2cc0c; }
  article.info { border-color: #5794f2; }
  article.resolved { border-color: #73bf69; }
  h2 { margin: 0; font-size: 1rem; font-weight: 600; color: #e8e8f0; overflow-wrap: anywhere; }
  p { margin: .25rem 0; overflow-wrap: anywhere; }
  .quiet { color: #9a9aab; font-size: .85rem; }
  nav { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .5rem; }
  a { color: #6e9fff; padding: .25rem .6rem; border: 1px solid #34363d; border-radius: 3px; text-decoration: none; }
  a:hover, a:focus-visible { background: #22252b; }
  @media (max-width: 480px) {
    body { margin: 1rem auto; padding: 0 .5rem; }
    article { padding: .75rem; }
    a { padding: .5rem .75rem; }
  }
</style>
</head>
<body>
<h1>Notifications</h1>
<p class="quiet">What Alertmanager sent, newest first. The page refreshes every ten seconds.</p>
<main>
$articles
</main>
</body>
</html>
""")

ARTICLE = Template("""<article class="$css_class">
<h2>$alertname · $status</h2>
<p>$summary</p>
<p>$description</p>
<p class="quiet">$lasted · received <time datetime="$received_at">$received_at</time></p>
<p class="quiet">$labels</p>
<nav>$links</nav>
</article>""")

EMPTY = "<p>None yet. That is good news, or nothing has been switched on.</p>"
SEVERITIES = {"critical", "error", "warning", "info"}


def render_page(notifications: Sequence[Notification]) -> str:
    articles = "\n".join(map(render_article, notifications))
    return PAGE.substitute(count=len(notifications), articles=articles or EMPTY)


def render_article(notification: Notification) -> str:
    labels = notification.labels
    severity = labels.get("severity", "")
    known_severity = severity if severity in SEVERITIES else ""
    is_over = notification.status == "resolved"
    summary = notification.annotations.get("summary", "")
    return ARTICLE.substitute(
        css_class="resolved" if is_over else known_severity,
        alertname=escape(labels.get("alertname", "unnamed")),
        status=escape(notification.status),
        summary=escape(f"Over. It was: {summary}" if is_over else summary),
        description=escape(notification.annotations.get("description", "")),
        lasted=escape(lasted(notification)),
        received_at=datetime.fromtimestamp(notification.received_at, UTC).isoformat(sep=" ", timespec="seconds"),
        labels=escape(", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "alertname")),
        links="".join(render_link(title, address) for title, address in links(notification).items()),
    )


def render_link(title: str, address: str) -> str:
    return f'<a href="{escape(address)}">{escape(title)}</a>'
