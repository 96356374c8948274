"""Writes a gate's Data Docs: our bilingual index, and the library's own pages made fit for offline use."""

from __future__ import annotations

import html
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from expectations.results import GateResult, QualityResult

_STATIC = Path(__file__).with_name("static")
# A tag that makes a browser fetch something from another host.
_REMOTE_TAG = re.compile(
    r"<script\b[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>\s*</script>"
    r"|<(?:link|img|iframe|source)\b[^>]*\b(?:href|src)=[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)
# Scripts of the pages drive the remote libraries and do nothing without them.
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.IGNORECASE | re.DOTALL)
_EMBEDDED_FONT = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
_REMOTE_STYLE = re.compile(r"url\(\s*[\"']?(?:https?:)?//[^)]*\)|@import[^;]*;", re.IGNORECASE)
_FOOTER = re.compile(r"<footer\b.*?</footer>", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_FAVICON = re.compile(r"<link\b[^>]*shortcut icon[^>]*>", re.IGNORECASE)


def page_of(docs_dir: Path, suite: str) -> Path:
    """Where a suite's page stands in a site."""
    return docs_dir / "suites" / f"{suite}.html"


def write_data_docs(
    context: Any,
    result: GateResult,
    docs_dir: Path,
    describe: Callable[..., str],
    earlier: Iterable[Path] = (),
    narrowed: Collection[str] = (),
) -> Path:
    """Build the site of a gate in `docs_dir` and return its index page; `earlier` pages join it as they are.

    The pages of `narrowed` suites show the rows of new files alone, and say so.

    Great Expectations draws its pages with libraries from content delivery networks. They are taken out
    and one style sheet of ours is put in, so that a page loads nothing from other hosts.
    """
    docs_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="docs-", dir=docs_dir.parent) as folder:
        built, site = Path(folder) / "built", Path(folder) / "site"
        _build(context, result.gate, built)
        _take_offline(built, site)
        for suite in narrowed:
            _say_narrowed(page_of(site, suite), describe)
        for page in earlier:
            shutil.copyfile(page, page_of(site, page.stem))
        pages = {page.stem: page.relative_to(site) for page in site.glob("suites/*.html")}
        (site / "index.html").write_text(_index(result, pages, describe), encoding="utf-8")
        shutil.rmtree(docs_dir, ignore_errors=True)
        site.rename(docs_dir)
    return docs_dir / "index.html"


def _build(context: Any, gate: str, folder: Path) -> None:
    """Build the library's pages of validation results; of its other pages none is taken over."""
    config = {
        "class_name": "SiteBuilder",
        "site_section_builders": {"expectations": "None", "profiling": "None"},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
    context.add_data_docs_site(site_name=gate, site_config=config)
    context.build_data_docs(site_names=[gate])


def _take_offline(built: Path, site: Path) -> None:
    """Copy the validation pages, one a suite, flat and without anything remote."""
    (site / "suites").mkdir(parents=True)
    shutil.copy(_STATIC / "data_docs.css", site / "data_docs.css")
    for page in sorted((built / "validations").rglob("*.html")):
        suite = page.relative_to(built / "validations").parts[0]
        text = offline(page.read_text(encoding="utf-8"))
        text = re.sub(r'href="[^"]*index\.html"', 'href="../index.html"', text)
        text = re.sub(r'<a\s+href="[^"]*expectations/[^"]*"\s*>(.*?)</a>', r"\1", text, flags=re.DOTALL)
        page_of(site, suite).write_text(text, encoding="utf-8")


def _say_narrowed(page: Path, describe: Callable[..., str]) -> None:
    """Say at the head of a page that it shows new rows, while the index counts all."""
    said = " / ".join(html.escape(describe("quality.page.narrowed", language)) for language in ("zh", "en"))
    text = page.read_text(encoding="utf-8")
    page.write_text(_BODY.sub(lambda body: f"{body[0]}<p>{said}</p>", text, count=1), encoding="utf-8")


def offline(page: str) -> str:
    """The page without scripts, remote style sheets and images, and with a link to our style sheet."""
    for pattern in (_REMOTE_TAG, _SCRIPT, _EMBEDDED_FONT, _FAVICON, _FOOTER):
        page = pattern.sub("", page)
    page = _REMOTE_STYLE.sub("none", page)
    return page.replace("</head>", '<link rel="stylesheet" href="../data_docs.css">\n</head>', 1)


def _index(result: GateResult, pages: dict[str, Path], describe: Callable[..., str]) -> str:
    def both(key: str) -> str:
        return f"{describe(f'quality.page.{key}', 'zh')} / {describe(f'quality.page.{key}', 'en')}"

    counts = result.counts
    verdict = both("accepted" if result.passed else "refused")
    tally = "; ".join(
        f"{both(word)}: {counts[count]}"
        for word, count in (
            ("passed", "passed"),
            ("critical", "critical"),
            ("warning", "warnings"),
            ("info", "info"),
            ("not_judged", "not_judged"),
        )
    )
    title = both(f"title_{result.gate}")
    body = "\n".join(_sections(result, pages, both))
    return (
        '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        '<link rel="stylesheet" href="data_docs.css">\n</head>\n<body>\n'
        f'<main>\n<h1>{html.escape(title)}</h1>\n<p class="verdict {"met" if result.passed else "critical"}">'
        f"{html.escape(verdict)}</p>\n<p>{html.escape(tally)}</p>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _sections(result: GateResult, pages: dict[str, Path], both: Callable[[str], str]) -> Iterator[str]:
    heads = ("result", "severity", "expectation", "expected", "observed", "rule", "why")
    head = "".join(f"<th>{html.escape(both(f'head_{name}'))}</th>" for name in heads)
    for suite, rows in groupby(result.results, key=lambda row: row.suite):
        link = (
            f' <a href="{pages[suite].as_posix()}">{html.escape(both("details"))}</a>'
            if suite in pages
            else ""
        )
        lines = "\n".join(_line(row, both) for row in rows)
        yield (
            f'<section id="{suite}">\n<h2>{html.escape(suite)}{link}</h2>\n'
            f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>\n</section>"
        )


def _line(row: QualityResult, both: Callable[[str], str]) -> str:
    state = {True: "passed", False: "failed", None: "not_judged"}[row.success]
    mark = row.severity if row.success is False else {True: "met", None: "open"}.get(row.success, "open")
    cells = (
        both(state),
        both(row.severity),
        f"{row.description_zh}\n{row.description_en}",
        row.expected or "",
        row.observed or "",
        row.rule_ref or "",
        f"{row.why_zh}\n{row.why_en}" if row.why_zh else "",
    )
    return f'<tr class="{mark}">' + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
