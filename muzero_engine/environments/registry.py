"""How an environment is found: by an entry point, by where its class is, or by Gymnasium's id.

- A package of somebody else joins through the entry-point group `muzero_engine.environments`: the name is the id, and
  what it loads is a class.
- `file.py:ClassName` and `package.module:ClassName` are classes of one's own, made without arguments: a
  `gymnasium.Env`, or anything with what `prepared.EnvironmentSource` says.
- `CartPole-v1`, `MinAtar/Breakout-v1`, `ALE/Pong-v5`, `package.module:MyEnv-v0` are Gymnasium's.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from muzero_engine.environments.base import BadEnvironment, EnvironmentSpec, close_all, one_line
from muzero_engine.environments.prepared import EnvironmentSource, PreparedEnvironment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.files import code_digest
from muzero_engine.installing import install_command

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "muzero_engine.environments"
LOOK_SECONDS = 1.0  # that an environment which was only looked at has to be closed


def load_environment(settings: EnvironmentSettings, *, picture: bool = False) -> PreparedEnvironment:
    """Return a new environment; with `picture` one whose `render` answers, if it can.

    Raises BadEnvironment, whatever somebody else's class raises. The working folder stays what it was.
    """
    try:
        with contextlib.chdir("."), _ctrl_c_is_kept():
            return _loaded_environment(settings, picture)
    except (BadEnvironment, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise BadEnvironment(f"{settings.id} cannot be made: {one_line(error)}") from error


@contextlib.contextmanager
def _ctrl_c_is_kept() -> Iterator[None]:
    """Let no `except:` of somebody else's code take a Ctrl-C for a failure of its own, as MinAtar's does around an
    import of seconds: KeyboardInterrupt is raised at the end then."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    answer, interrupted = before, False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        try:
            answer(number, frame)
        except KeyboardInterrupt:
            interrupted = True
            raise

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupted:
            raise KeyboardInterrupt


def _loaded_environment(settings: EnvironmentSettings, picture: bool) -> PreparedEnvironment:
    name = settings.id
    if not name:
        raise BadEnvironment("an environment needs an id, like CartPole-v1 or my_file.py:MyClass")
    if picture:
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame, which draws many, else says that there is no screen
    factory = _factory(settings)
    sticky = max(0.0, settings.sticky)
    if factory is None:
        try:
            source, repeats = _adapter(name).made_by_id(settings, picture=picture)
        except BadEnvironment:
            if Path(name).is_dir():
                raise BadEnvironment(f"{name} is a folder: name a class of a file, like mine.py:MyClass") from None
            raise
        sticky = 0.0 if repeats else sticky
    else:
        source = _made(factory, name, picture)
    try:
        return PreparedEnvironment(source, settings, sticky=sticky)
    except BadEnvironment:
        with contextlib.suppress(Exception):
            getattr(source, "close", lambda: None)()
        raise


def settings_here(name: str) -> EnvironmentSettings:
    """Return the settings of an environment that is named in this folder, which they remember."""
    name = name.strip()
    return EnvironmentSettings(id=name, folder=str(Path.cwd()) if ":" in name or name.endswith(".py") else "")


def environment_spec(settings: EnvironmentSettings) -> EnvironmentSpec:
    """Return what an environment is, by making one. Raises BadEnvironment, also where it hangs."""
    return looked_at(settings).spec


def looked_at(settings: EnvironmentSettings) -> PreparedEnvironment:
    """Return an environment that was made to be looked at, and closed: in a thread, since it may hang. Raises
    BadEnvironment."""
    answers: list[PreparedEnvironment | BadEnvironment] = []

    def look() -> None:
        try:
            answers.append(load_environment(settings))
        except BadEnvironment as error:
            answers.append(error)
        except KeyboardInterrupt as error:  # Ctrl-C comes to the main thread: this one is the environment's
            answers.append(BadEnvironment(f"{settings.id} cannot be made: {one_line(error)}"))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(settings.step_seconds)
    if not answers:
        seconds = f"{settings.step_seconds:g} seconds"
        raise BadEnvironment(f"{settings.id} has not begun an episode for {seconds}: does it hang?")
    (made,) = answers
    if isinstance(made, BadEnvironment):
        raise made
    close_all([made], LOOK_SECONDS)
    return made


def environment_digest(settings: EnvironmentSettings) -> str:
    """Return `code_digest` of the class of an environment that has been made. Raises BadEnvironment."""
    return code_digest(_factory(settings) or _adapter(settings.id).class_of(settings.id))


def _factory(settings: EnvironmentSettings) -> Callable[..., Any] | None:
    """Return the class of this name; None where it is for Gymnasium to know."""
    name = settings.id
    if name in _entry_points():
        try:
            return _callable(_entry_points()[name].load(), name)
        except BadEnvironment:
            raise
        except (Exception, SystemExit) as error:  # whatever another package does when it is imported
            raise BadEnvironment(
                f"{name} cannot be loaded from {_entry_points()[name].value}: {one_line(error)}"
            ) from error
    place, colon, attribute = name.partition(".py:")
    if colon or name.endswith(".py"):
        place = f"{place}.py" if colon else name
        return _attribute(_file_module(place, settings.folder), place, attribute)
    place, colon, attribute = name.rpartition(":")
    named = all(part.isidentifier() for part in place.split("."))
    if colon and named and not attribute.isidentifier():
        _module(place, settings.folder)  # registers the id, and is there when Gymnasium imports it by its name
    if not colon or not attribute.isidentifier():
        return None
    if not named:
        raise BadEnvironment(
            f"{place!r} is no module: a class of a file is named like {place or 'mine'}.py:{attribute}, "
            f"one of a package like package.module:{attribute}"
        )
    return _attribute(_module(place, settings.folder), place, attribute)


def _attribute(module: ModuleType, place: str, attribute: str) -> Callable[..., Any]:
    """Return what has this name in a module; where there is nothing, say what there is."""
    if attribute and hasattr(module, attribute):
        return _callable(getattr(module, attribute), f"{place}:{attribute}")
    classes = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    names = [kind.__name__ for kind in classes if hasattr(kind, "reset") and hasattr(kind, "step")]
    has = (
        f"it has {', '.join(f'{place}:{name}' for name in names)}"
        if names
        else "and no other class with reset and step"
    )
    raise BadEnvironment(f"{place} has no {attribute}: {has}" if attribute else f"which class of {place}? {has}")


def _callable(found: Any, name: str) -> Callable[..., Any]:
    if not callable(found):
        raise BadEnvironment(f"{name} is no class of environments but {found!r}")
    made: Callable[..., Any] = found
    return made


def _module(name: str, folder: str) -> ModuleType:
    sys.path += [place for place in (str(Path.cwd()), folder) if place and place not in sys.path]
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise BadEnvironment(f"{name} cannot be imported: {one_line(error)}") from error


def _file_module(path: str, folder: str) -> ModuleType:
    places = [Path.cwd(), *([Path(folder)] if folder else [])]
    files = list(dict.fromkeys((place / path).resolve() for place in places))
    for file in files:
        try:
            found = file.is_file()
        except OSError as error:  # the name of no file
            raise BadEnvironment(f"there is no file {path}: {error.strerror}") from None
        if found:
            return _loaded(file)
    nowhere = " and no ".join(map(str, files))
    raise BadEnvironment(f"there is no file {nowhere}: call this from the folder where it is")


@functools.cache
def _loaded(file: Path) -> ModuleType:
    name = f"{file.stem}_{hashlib.sha256(os.fsencode(file)).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))  # it may import what lies beside it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise BadEnvironment(f"{file} cannot be read: {one_line(error)}") from error
    return module


def _made(factory: Callable[..., Any], name: str, picture: bool) -> EnvironmentSource:
    """Return what the class makes, whatever it is derived from."""

    def make() -> Any:
        with contextlib.suppress(TypeError):
            return factory(render_mode="rgb_array") if picture else factory()
        return factory()

    source: EnvironmentSource
    try:
        source = make()
        if _is_gymnasium(type(source)):
            source = _adapter(name).GymnasiumSource(source)
    except BadEnvironment as error:
        raise BadEnvironment(f"{name}: {error}") from None
    if not (callable(getattr(source, "reset", None)) and callable(getattr(source, "step", None))):
        raise BadEnvironment(f"{name} is no environment: it has no reset(seed) and step(action)")
    return source


def _is_gymnasium(kind: Any) -> bool:
    return any(base.__module__.partition(".")[0] == "gymnasium" for base in getattr(kind, "__mro__", ()))


def _adapter(name: str) -> ModuleType:
    try:
        return importlib.import_module("muzero_engine.environments.gymnasium_adapter")
    except ImportError as error:
        raise BadEnvironment(f"{name} needs Gymnasium: {install_command('environments')} ({error})") from None


@functools.cache
def _entry_points() -> dict[str, EntryPoint]:
    import importlib.metadata  # slow, and a board game does without

    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}
