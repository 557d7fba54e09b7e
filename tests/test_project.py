"""What README, changelog and packaging promise is what the program offers."""

from __future__ import annotations

import ast
import itertools
import re
import runpy
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.options_table import table

import muzero_engine
from muzero_engine.cli import COMMANDS
from muzero_engine.environments.registry import environment_spec
from muzero_engine.files import folder_name
from muzero_engine.games.registry import BUILT_IN
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.manifest import CHECKPOINT, DECODER, INITIAL, RECURRENT, RECURRENT_INT8

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "muzero_engine"
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPTIONS = (PACKAGE / "engine" / "README.md").read_text(encoding="utf-8")
MAP = (PACKAGE / "README.md").read_text(encoding="utf-8")
ENVIRONMENTS = [f"MinAtar/{game}-v1" for game in ("Asterix", "Breakout", "Freeway", "Seaquest", "SpaceInvaders")]
REPORT_HEAD = ("Question", "Verdict", "Commit", "Hardware", "Command")


def test_the_options_table_is_the_one_that_the_options_make() -> None:
    assert table() in OPTIONS, "put what `python -m support.options_table` prints in tests/ into engine/README.md"


@pytest.mark.parametrize("protocol", ["uci", "usi"])
def test_every_option_that_a_session_offers_is_explained(protocol: str) -> None:
    command = [sys.executable, "-m", "muzero_engine", protocol]
    output = subprocess.run(
        command, input=f"{protocol}\n", capture_output=True, text=True, check=True, timeout=60
    ).stdout
    offered = re.findall(r"^option name (.+?) type ", output, re.MULTILINE)
    assert len(offered) > 20
    assert [name for name in offered if f"`{name}`" not in OPTIONS] == []


def test_every_command_is_explained() -> None:
    assert [command for command in COMMANDS if f"`{command}`" not in README and f"engine {command}" not in README] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {muzero_engine.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_playing_depends_on_a_few_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert names == {"numpy", "onnxruntime", "click", "chess", "cshogi", "starlette", "uvicorn", "websockets"}


@pytest.mark.parametrize("name", [*BUILT_IN, *ENVIRONMENTS])
def test_the_weights_that_come_along_are_whole(name: str) -> None:
    folder = ROOT / "weights" / folder_name(name)
    manifest = load_bundle(folder).manifest
    assert (manifest.game, manifest.environment is not None) == (name, name in ENVIRONMENTS)
    assert sum(file.size for file in manifest.files.values()) <= (12 << 20 if name in BUILT_IN else 2 << 20)
    listed = {"manifest.json", "README.md", *manifest.files}
    assert {path.name for path in folder.iterdir()} == listed
    assert f"({folder.name}/README.md)" in (ROOT / "weights" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_weights_that_come_along_fit_their_environment(name: str) -> None:
    manifest = load_bundle(ROOT / "weights" / folder_name(name)).manifest
    assert manifest.environment is not None
    assert manifest.environment.spec == environment_spec(manifest.environment.settings)
    assert manifest.environment.settings.id == name
    assert manifest.environment.settings.folder == ""


def test_the_wheel_takes_the_bundles_and_nothing_else_of_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: dict[str, Any] = {}
    monkeypatch.setattr("setuptools.setup", arguments.update)
    settings = runpy.run_path(str(ROOT / "setup.py"))
    assert all((ROOT / module).is_file() for module in settings["COMPILED"])
    prefix = "muzero_engine.weights."
    bundles = {name.removeprefix(prefix) for name in arguments["packages"] if name.startswith(prefix)}
    assert bundles == {*BUILT_IN, *map(folder_name, ENVIRONMENTS)}
    taken = [pattern for patterns in arguments["package_data"].values() for pattern in patterns]
    shipped = {path.name for path in (ROOT / "weights").glob("*/*") if any(path.match(pattern) for pattern in taken)}
    assert shipped == {"manifest.json", INITIAL, RECURRENT, RECURRENT_INT8, CHECKPOINT, DECODER}


def prose() -> list[Path]:
    """Every text for people, none of what lies about in a checkout (runs, environments)."""
    places = [ROOT, *(ROOT / name for name in (".github", "muzero_engine", "scripts", "tests", "weights"))]
    return sorted({file for place in places for file in place.glob("*.md" if place == ROOT else "**/*.md")})


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def cells_of_tables(file: Path) -> list[list[int]]:
    """How many cells each row has, of each table."""
    lines = file.read_text(encoding="utf-8").splitlines()
    tables = [list(rows) for is_row, rows in itertools.groupby(lines, lambda line: line.startswith("|")) if is_row]
    return [[len(re.findall(r"(?<!\\)\|", row)) for row in rows] for rows in tables]


def anchors(file: Path) -> set[str]:
    """The anchors of a file's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", prose(), ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_texts_lead_somewhere_and_tables_are_whole(file: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(file.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = file.parent / path if path else file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []
    assert all(len(set(cells)) == 1 for cells in cells_of_tables(file)), "a row has other cells than its head"


@pytest.mark.parametrize("name", ["README.md", "BENCHMARKS.md", "CONTRIBUTING.md"])
def test_files_that_texts_name_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w./-])(?:scripts|tests|weights|muzero_engine)/[\w/.-]*\w", text))
    named -= {path for path in named if re.search(r"\b(?!README)[A-Z]+\b", path)}  # DATE stands for any date
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("name", "kilobytes"), [("README.md", 10), ("BENCHMARKS.md", 12)])
def test_texts_for_readers_in_a_hurry_stay_short(name: str, kilobytes: int) -> None:
    assert (ROOT / name).stat().st_size <= kilobytes << 10


def test_every_report_has_its_head_and_a_row_in_the_table() -> None:
    table = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    reports = sorted((ROOT / "weights" / "experiments").glob("*.md"))
    assert reports
    for report in reports:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z0-9-]+", report.stem)
        assert f"(experiments/{report.name})" in table, f"{report.name} has no row in weights/README.md"
        head = re.findall(r"^- \*\*(\w+)\*\*: ", report.read_text(encoding="utf-8"), re.MULTILINE)
        assert tuple(head[: len(REPORT_HEAD)]) == REPORT_HEAD, report.name


def names_in(file: Path) -> set[str]:
    """Functions and classes of a module, and methods as `Class.method`."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def test_the_map_names_what_there_is() -> None:
    places = re.findall(r"`((?:\.\./)?[\w/.]+(?:/|\.py|\.toml))(?::([\w.]+))?`", MAP)
    assert len(places) > 60
    gone = [
        path
        for path, _ in places
        if path not in ("board_view.py", "notation.py", "planes.py", "records.py") and not (PACKAGE / path).exists()
    ]
    assert gone == []
    assert [f"{path}:{name}" for path, name in places if name and name not in names_in(PACKAGE / path)] == []


def test_the_map_knows_every_folder() -> None:
    folders = {file.parent.relative_to(PACKAGE) for file in PACKAGE.rglob("*.py")} - {Path()}
    rooms = {folder for folder in folders if any(folder in other.parents for other in folders)}  # that have folders
    games = {folder for folder in folders if Path("games") in folder.parents}  # "a folder a game"
    assert [folder for folder in sorted(folders - games) if f"`{folder}/`" not in MAP and folder not in rooms] == []


OWN_PROTOCOLS = ("uci", "gtp", "usi", "katago")  # each is spoken for one game
MAY_NAME_A_GAME = (
    "games/",
    *(f"protocols/{name}/" for name in OWN_PROTOCOLS),
    *(f"match/engines/{name}.py" for name in OWN_PROTOCOLS),
    "match/ladder/opponents.py",
)
NAMES = "|".join(name for name in BUILT_IN if name != "go")  # "go" alone is a verb, and a command of UCI and its like
NAMES_A_GAME = re.compile(
    rf"\b({NAMES}|cshogi|Go(?! on\b))\b|games\.({NAMES}|go)\b|\b(GoPosition|(Chess|Shogi|Othello|TicTacToe)[A-Z])"
)


def code_words(path: Path) -> Iterator[tuple[int, str]]:
    """Every name, import and text of a module, without its docstrings and comments, which may give examples."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose:
                yield node.lineno, text
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.ImportFrom(module=str(text)):
                yield node.lineno, text
            case ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text
            case ast.Import(names=names):
                yield node.lineno, " ".join(alias.name for alias in names)


def test_only_a_games_folder_and_its_own_protocol_name_a_particular_game() -> None:
    places = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        if not where.startswith(MAY_NAME_A_GAME):
            places += [f"{where}:{line}: {text}" for line, text in code_words(path) if NAMES_A_GAME.search(text)]
    assert places == []


def test_ctrl_c_is_not_ignored_whoever_started_the_tests() -> None:
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


@pytest.mark.parametrize(
    "line",
    [
        "from muzero_engine.games.go.rules import GoPosition",
        "import chess",
        "x = 'shogi'",
        "x = 'Go: komi'",
        "GoPosition(x)",
    ],
)
def test_a_module_that_names_a_game_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "module.py").write_text(f'"""Chess, Go."""\nx = "go on"\n{line}\n')
    assert [number for number, text in code_words(tmp_path / "module.py") if NAMES_A_GAME.search(text)] == [3]


def types_of(file: Path) -> Iterator[str]:
    """The classes of a module and its names for types (`Shape = tuple[int, int]`)."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name.lstrip("_")[:1].isupper() and not name.isupper():
                    yield name


def test_no_two_types_of_the_package_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in types_of(path):
            places.setdefault(name.lstrip("_"), []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_every_module_class_and_test_module_says_what_it_is() -> None:
    silent = []
    for path in sorted([*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("test_*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and PACKAGE in path.parents]
        public = [node for node in classes if not node.name.startswith("_")]
        silent += [f"{path.relative_to(ROOT)}: {node.name}" for node in public if not ast.get_docstring(node)]
        if tree.body and not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


NO_VERB = re.compile(r"(The|An?|Whether|What|How|Who|Where|If|\w+s(?<!ss))\b|[^A-Z]")


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    """An imperative: "Return the ...", not "The ...", "Whether ..." or "Returns ...". The conformance kit is left out,
    whose docstrings are what it says of a game."""
    nouns = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if "conformance" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or (path.name, node.name) == (
                "cli.py",
                "main",
            ):  # whose help it is
                continue
            if NO_VERB.match(ast.get_docstring(node) or "Say nothing."):
                nouns.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.get_docstring(node)}")
    assert nouns == []


OF_OTHERS = {
    "onnx.proto",
    "gumbel_muzero_policy",
    "qtransform_completed_by_mix_value",
}  # a file of ONNX, mctx's functions


def identifiers(tree: ast.AST) -> Iterator[str]:
    """What a module names: in its code, and in its short texts, which hold options and commands."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.Name(id=name):
                yield name
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name):
                yield from name.split(".")
            case ast.Constant(value=str(text)) if len(text) < 60:
                yield from re.findall(r"\w+", text)


def test_names_in_docstrings_are_there() -> None:
    """`names_like_this`, `NamesLikeThis` and `names.with.parts` of a docstring; other words may be anything."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    known = {name for tree in trees.values() for name in identifiers(tree)}
    known |= {part for path in trees for part in path.relative_to(ROOT).with_suffix("").parts}
    known |= {name for path in (ROOT / "tests").rglob("test_*.py") for name in names_in(path)}
    gone = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for name in re.findall(r"`([A-Za-z_]\w*(?:\.\w+)*)(?:\(\))?`", ast.get_docstring(node) or ""):
                    is_word = "." not in name and "_" not in name and not re.match(r"_?[A-Z]\w*[a-z][A-Z]", name)
                    if not is_word and name not in OF_OTHERS and not set(name.split(".")) <= known:
                        gone.append(f"{path.relative_to(PACKAGE)}: {name}")
    assert gone == []
