"""Environments are found by entry points, places and Gymnasium's ids; what cannot be learnt is refused so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from muzero_engine.environments import registry
from muzero_engine.environments.base import BadEnvironment, ObservationKind, close_all
from muzero_engine.environments.registry import environment_digest, environment_spec, load_environment, settings_here
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.files import code_digest

TEN_LINES = """
class Countdown:
    actions = 2

    def reset(self, seed):
        self.left = 3 + seed % 2
        return [self.left]

    def step(self, action):
        self.left -= 1 + action
        return [self.left], 1.0, self.left <= 0, False
"""

GYMNASIUM = """
import gymnasium
import numpy as np
from gymnasium import spaces

class Grid(gymnasium.Env):
    lives, action_names = 3, ("n", "e", "s", "w")
    action_space = spaces.Discrete(4, start=1)
    observation_space = spaces.Box(0, 1, (5, 5, 2), dtype=bool)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros((5, 5, 2), dtype=bool), {}

    def step(self, action):
        seen = np.zeros((5, 5, 2), dtype=bool)
        seen[action, 0, 1] = True
        return seen, 0.5, False, False, {}

class Unnamed(Grid):
    action_names = None

class Named(Grid):
    def action_names(self):
        return "nesw"

class Unready(Grid):
    @property
    def action_names(self):
        raise RuntimeError("not yet")

class Words(Grid):
    observation_space = spaces.Dict({"text": spaces.Text(5)})

class Wheel(Grid):
    action_space = spaces.Box(-1, 1, (1,))

class Bits(Grid):
    observation_space = spaces.MultiBinary((2, 5, 5))

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}

class Bytes(Bits):
    observation_space = spaces.Box(0, 1, (2, 5, 5), dtype=np.uint8)

class Whole(Bits):
    observation_space = spaces.Box(0, 1, (5, 5), dtype=np.int64)

class Line(Bits):
    observation_space = spaces.MultiBinary(9)

class Real(Bits):
    observation_space = spaces.Box(0, 1, (2, 5, 5))
"""


def settings(name: str) -> EnvironmentSettings:
    return EnvironmentSettings(id=name)


def test_a_class_of_ones_own_takes_ten_lines(tmp_path: Path) -> None:
    file = tmp_path / "countdown.py"
    file.write_text(TEN_LINES)
    environment = load_environment(settings(f"{file}:Countdown"))
    spec = environment.spec
    assert (spec.kind, spec.shape, spec.actions) == (ObservationKind.VECTOR, (1, 1, 1), 2)
    assert environment.reset(1).ravel().tolist() == [4]
    step = environment.step(1)
    assert (step.observation.ravel().tolist(), step.reward, step.terminated, step.truncated) == ([2], 1.0, False, False)
    assert step.observation.dtype == np.float32
    assert environment.step(1).terminated
    assert environment.render() is None
    environment.close()


def test_a_file_may_import_what_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "end_of_countdown.py").write_text("END = 3\n")
    file = tmp_path / "countdown_of_two_files.py"
    file.write_text(f"from end_of_countdown import END\n{TEN_LINES}")
    assert environment_spec(settings(f"{file}:Countdown")).actions == 2


def test_a_gymnasium_class_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "grids.py"
    file.write_text(GYMNASIUM)
    environment = load_environment(replace(settings(f"{file}:Grid"), life_ends=True))
    assert (environment.spec.kind, environment.spec.shape) == (ObservationKind.PLANES, (2, 5, 5))
    assert (environment.spec.action_names, environment.tells_lives) == (("n", "e", "s", "w"), True)
    assert environment.reset(0).dtype == np.bool_
    seen = environment.step(3).observation  # its actions begin at 1
    assert seen.shape == (2, 5, 5)
    assert np.argwhere(seen).tolist() == [[1, 4, 0]]
    for name in ("Unnamed", "Named", "Unready"):  # what is no list of names names nothing
        assert environment_spec(settings(f"{file}:{name}")).action_names == ()
    with pytest.raises(BadEnvironment, match=r"grids.py:Words: its observations are Dict.*: only arrays"):
        environment_spec(settings(f"{file}:Words"))
    with pytest.raises(BadEnvironment, match=r"grids.py:Wheel: its actions are Box.*: only Discrete ones"):
        environment_spec(settings(f"{file}:Wheel"))


@pytest.mark.parametrize(
    ("name", "kind", "shape"),
    [
        ("Bits", ObservationKind.PLANES, (2, 5, 5)),
        ("Bytes", ObservationKind.PLANES, (2, 5, 5)),
        ("Whole", ObservationKind.PLANES, (1, 5, 5)),
        ("Line", ObservationKind.VECTOR, (9, 1, 1)),
        ("Real", ObservationKind.VECTOR, (50, 1, 1)),
    ],
)
def test_bits_of_gymnasium_are_planes(tmp_path: Path, name: str, kind: ObservationKind, shape: tuple[int, ...]) -> None:
    """MultiBinary's arrays are int8."""
    file = tmp_path / "grids.py"
    file.write_text(GYMNASIUM)
    spec = environment_spec(settings(f"{file}:{name}"))
    assert (spec.kind, spec.shape) == (kind, shape)


def test_an_id_that_a_module_of_this_folder_registers(tmp_path: Path) -> None:
    module = f"grids_{tmp_path.name.replace('-', '_')}"
    registers = f"gymnasium.register('Grid-{module}-v0', entry_point='{module}:Grid')"
    (tmp_path / f"{module}.py").write_text(f"{GYMNASIUM}\n{registers}\n")
    spec = environment_spec(replace(settings(f"{module}:Grid-{module}-v0"), folder=str(tmp_path)))
    assert (spec.kind, spec.shape) == (ObservationKind.PLANES, (2, 5, 5))
    with pytest.raises(BadEnvironment, match="no_such_module"):
        environment_spec(replace(settings("no_such_module:Grid-v0"), folder=str(tmp_path)))


def test_minatar_is_registered_once(recwarn: pytest.WarningsRecorder) -> None:
    for _ in range(2):
        assert environment_spec(settings("MinAtar/Breakout")).kind is ObservationKind.PLANES
    assert not [str(one.message) for one in recwarn.list if "already in registry" in str(one.message)]


def test_gymnasium_ids() -> None:
    spec = environment_spec(settings("CartPole-v1"))
    assert (spec.kind, spec.shape, spec.actions, spec.action_names) == (ObservationKind.VECTOR, (4, 1, 1), 2, ())
    spec = environment_spec(settings("FrozenLake-v1"))
    assert (spec.kind, spec.shape, spec.actions) == (ObservationKind.VECTOR, (16, 1, 1), 4)
    spec = environment_spec(EnvironmentSettings(id="MinAtar/Breakout-v1", stack=2))
    assert (spec.kind, spec.shape, spec.frame_shape) == (ObservationKind.PLANES, (8, 10, 10), (4, 10, 10))
    assert spec.action_names == ("stay", "left", "right")
    assert environment_digest(settings("CartPole-v1")) == code_digest(CartPoleEnv)
    assert len({environment_digest(settings(name)) for name in ("CartPole-v1", "FrozenLake-v1", "no")}) == 3


def test_cart_pole_is_cut_off_where_gymnasium_or_the_settings_say() -> None:
    for most in (0, 7):
        environment = load_environment(EnvironmentSettings(id="CartPole-v1", max_steps=most))
        environment.reset(3)
        steps = [environment.step(step % 2) for step in range(7)]
        assert [step.truncated for step in steps] == [False] * 6 + [most == 7]


def test_a_picture_needs_no_screen(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("SDL_VIDEODRIVER", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    environment = load_environment(settings("CartPole-v1"), picture=True)
    environment.reset(3)
    assert environment.render() is not None
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs an id"),
        ("CartPoll-v1", r"CartPoll-v1: .*CartPole"),
        (".", r"^\. is a folder: name a class of a file"),
        ("Pendulum-v1", r"Pendulum-v1: its actions are Box.*: only Discrete ones"),
        ("nothing.py:Chain", "there is no file /.*nothing.py: call this"),
        (f"{'x' * 300}.py:Chain", "there is no file x+.py: File name too long"),
        ("support.environments:Nothing", "support.environments has no Nothing: it has .*support.environments:Chain"),
        ("../mine:Chain", r"'\.\./mine' is no module: a class of a file is named like \.\./mine\.py:Chain"),
        (".mine:Chain", "'.mine' is no module"),
        (":Chain", "'' is no module: a class of a file is named like mine.py:Chain"),
        ("support.nothing:Chain", "support.nothing cannot be imported: ModuleNotFoundError"),
        ("support.environments:Any", "Any"),
        ("math:pi", "math:pi is no class of environments but 3.14"),
        ("fractions:Fraction", r"fractions:Fraction is no environment: it has no reset"),
    ],
)
def test_what_cannot_be_found_or_learnt_is_refused_in_a_sentence(name: str, reason: str) -> None:
    with pytest.raises(BadEnvironment, match=reason) as refused:
        load_environment(settings(name))
    assert "\n" not in str(refused.value)


def test_what_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ale_py", None)
    with pytest.raises(
        BadEnvironment, match=r"ALE/Pong-v5 needs ale_py: .* -m pip install ale-py \(its licence is the GPL"
    ):
        load_environment(settings("ALE/Pong-v5"))
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    monkeypatch.delitem(sys.modules, "muzero_engine.environments.gymnasium_adapter")
    with pytest.raises(BadEnvironment, match=r"CartPole-v1 needs Gymnasium: .* -m pip install"):
        load_environment(settings("CartPole-v1"))


def test_a_class_without_actions_is_told_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "countdown.py"
    file.write_text(TEN_LINES.replace("actions = 2", "pass"))
    with pytest.raises(BadEnvironment, match=r"must say how many actions it has \(actions = 2\), not None"):
        load_environment(settings(f"{file}:Countdown"))
    file = tmp_path / "broken.py"
    file.write_text(
        "class Broken:\n    actions = 2\n    def reset(self, seed):\n        return self.x\n    step = reset\n"
    )
    with pytest.raises(BadEnvironment, match=r"cannot begin an episode: AttributeError"):
        load_environment(settings(f"{file}:Broken"))
    file = tmp_path / "typo.py"
    file.write_text("class Broken\n")
    with pytest.raises(BadEnvironment, match=r"typo.py cannot be read: SyntaxError"):
        load_environment(settings(f"{file}:Broken"))


def test_an_environment_that_never_begins_is_not_waited_for() -> None:
    with pytest.raises(BadEnvironment, match=r"Sleeps has not begun an episode for 0.2 seconds: does it hang"):
        environment_spec(EnvironmentSettings(id="support.environments:Sleeps", step_seconds=0.2))


@pytest.mark.timeout(60)
def test_an_environment_that_never_closes_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LOOK_SECONDS", 0.1)
    spec = environment_spec(settings := EnvironmentSettings(id="support.environments:NeverCloses"))
    assert spec.actions == 3
    monkeypatch.setenv("CLOSED", str(tmp_path / "closed"))
    others = [load_environment(replace(settings, id=f"support.environments:{name}")) for name in ("Closes", "Walk")]
    close_all([others[0], load_environment(settings), others[1]], 0.1)
    assert (tmp_path / "closed").exists()


def test_a_file_whose_name_is_no_utf_8_is_read(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"maze\xe9.py")
    try:
        file.write_text(TEN_LINES)
    except OSError:
        pytest.skip("this file system has no such names")
    assert environment_spec(settings(f"{file}:Countdown")).actions == 2


def test_a_ctrl_c_that_somebody_elses_code_takes_is_raised(tmp_path: Path) -> None:
    """`watch` played on: MinAtar takes whatever comes while it tries to import seaborn for a want of seaborn."""
    file = tmp_path / "impatient.py"
    taken = "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept:\n    pass\n"
    file.write_text(taken + TEN_LINES)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        load_environment(settings(f"{file}:Countdown"))
    assert signal.getsignal(signal.SIGINT) == before


def test_a_file_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "here" / "countdown.py").write_text(TEN_LINES)
    (tmp_path / "here" / "counting.py").write_text(TEN_LINES)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("countdown.py:Countdown", "counting:Countdown"):
        monkeypatch.chdir(tmp_path / "here")
        remembered = settings_here(name)
        assert environment_spec(settings(name)).actions == 2
        monkeypatch.chdir(tmp_path / "there")
        assert environment_spec(remembered).actions == 2
    with pytest.raises(BadEnvironment, match=r"there is no file .*there/other.py and no .*here/other.py: call this"):
        environment_spec(replace(remembered, id="other.py:Other"))
    assert settings_here("CartPole-v1") == settings_here(" CartPole-v1 ") == settings("CartPole-v1")


def test_a_class_that_is_not_there_is_told_which_are(tmp_path: Path) -> None:
    file = tmp_path / "maze.py"
    file.write_text(TEN_LINES.replace("Countdown", "Maze") + "class Help:\n    pass\n")
    for name, reason in (
        ("", f"which class of {file}\\? it has {file}:Maze$"),
        (":", f"which class of {file}\\? it has {file}:Maze$"),
        (":maze", f"{file} has no maze: it has {file}:Maze$"),
        (":Maze:x", f"{file} has no Maze:x: it has {file}:Maze$"),
    ):
        with pytest.raises(BadEnvironment, match=reason):
            environment_spec(settings(f"{file}{name}"))
    with pytest.raises(BadEnvironment, match=r"maze.py:Help is no environment: it has no reset"):
        environment_spec(settings(f"{file}:Help"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (":Panics", r"panics.py:Panics cannot be made: Panic: 3$"),
        (":Nothing", r"panics.py:Nothing cannot be made: RuntimeError: no attribute$"),
        ("", r"panics.py cannot be made: RuntimeError: no attribute$"),
    ],
)
def test_whatever_a_file_raises_is_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    file = tmp_path / "panics.py"
    file.write_text(PANICS)
    with pytest.raises(BadEnvironment, match=reason):
        environment_spec(settings(f"{file}{name}"))
    assert capfd.readouterr().err == ""


PANICS = """
class Panic(BaseException):
    pass
class Strict(type):
    def __getattr__(self, name):
        raise RuntimeError("no attribute")
class Other(metaclass=Strict):
    pass
class Panics:
    def __init__(self):
        raise Panic(3)
"""


def test_an_environment_that_goes_elsewhere_leaves_the_program_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "wanders.py"
    file.write_text(TEN_LINES.replace("Countdown:", f"Wanders:\n    import os; os.chdir({str(tmp_path)!r})"))
    here = Path.cwd()
    assert environment_spec(settings(f"{file}:Wanders")).actions == 2
    assert Path.cwd() == here


@pytest.mark.parametrize("where", ["", "    def __init__(self):\n", "    actions = 2\n    def reset(self, seed):\n"])
def test_a_file_that_exits_is_no_silence(tmp_path: Path, where: str) -> None:
    file = tmp_path / "exits.py"
    head = "import sys\nclass Exits:\n" if where else "import sys\nsys.exit(0)\n"
    file.write_text(
        head + where + ("        sys.exit(0)\n    def step(self, action):\n        pass\n" if where else "")
    )
    with pytest.raises(BadEnvironment, match=r"SystemExit"):
        environment_spec(settings(f"{file}:Exits"))


def test_packages_of_others_join_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from support.environments import Chain

    point = SimpleNamespace(name="chain", value="support.environments:Chain", load=lambda: Chain)
    monkeypatch.setattr(registry, "_entry_points", lambda: {"chain": point})
    assert environment_spec(settings("chain")).shape == (6, 1, 1)


def test_finding_them_needs_neither_torch_nor_gymnasium() -> None:
    code = (
        "import sys; from muzero_engine.environments.registry import environment_spec\n"
        "from muzero_engine.environments.settings import EnvironmentSettings\n"
        "environment_spec(EnvironmentSettings(id='support.environments:Chain'))\n"
        "print([name for name in ('torch', 'gymnasium', 'PIL') if name in sys.modules])"
    )
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
