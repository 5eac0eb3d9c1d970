"""Hooks of mkdocs: the generated pages, links that leave docs/, and llms.txt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

from handbook import api, cli, errors

ROOT: Final = Path(__file__).parents[1]
WHOLE: Final = {"README.md": "readme.md", "README.zh-CN.md": "readme.zh-CN.md"} | {
    "ARCHITECTURE.md": "architecture.md",
    "clients/python/README.md": "python-client.md",
}
"""Pages outside docs/ that are part of the site, and their names there."""
_LINK: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")
_LINES: dict[str, str] = {}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the source, and those that stand outside docs/."""
    made = {f"reference/api-{name}.md": api.page(name) for name in errors.SERVICES}
    made |= {"reference/cli.md": cli.page(), "reference/errors.md": errors.page()}
    made["decisions/index.md"] = decisions()
    for source, name in WHOLE.items():
        made[name] = (ROOT / source).read_text("utf-8")
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at pages of the site; what is not in it is named instead of linked."""
    name = page.file.src_uri
    source = next((one for one, here in WHOLE.items() if here == name), None)
    base = (ROOT / source).parent if source else (ROOT / "docs" / name).parent
    first = next((line for line in markdown.splitlines() if line and line[0] not in "#|`<"), "")
    _LINES[page.url] = f"- [{page.title}]({page.url}): {_plain(first)[:160]}"

    def target(match: re.Match[str]) -> str:
        text, link, anchor = match[1], match[2], match[3] or ""
        path = (base / link).resolve()
        if not path.exists():  # a generated page, or an address
            return match[0]
        inside = path.relative_to(ROOT).as_posix()
        if inside in WHOLE:
            here = WHOLE[inside]
        elif inside.startswith("docs/decisions") and path.is_dir():
            here = "decisions/index.md"
        elif inside.startswith("docs/") and path.suffix == ".md":
            here = inside.removeprefix("docs/")
        else:
            return f"{text} (`{inside}`)" if text.strip("`") != inside else f"`{inside}`"
        up = "../" * name.count("/")
        return f"[{text}]({up}{here}{anchor})"

    return _LINK.sub(target, markdown)


def on_post_build(config: Any) -> None:
    """Write llms.txt: every page with its first sentence."""
    head = (
        "# wuxian 五险\n\n"
        "> An open system on which a Chinese city collects its five social insurances on one"
        " declaration, books them apart and pays benefits.\n\n## Pages\n\n"
    )
    text = head + "\n".join(_LINES[url] for url in sorted(_LINES)) + "\n"
    (Path(config["site_dir"]) / "llms.txt").write_text(text, "utf-8")


def decisions() -> str:
    """Write the list of decisions."""
    lines = ["# 设计决定 · Decisions", ""]
    for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md")):
        title = path.read_text("utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text).strip("*_ >-")
