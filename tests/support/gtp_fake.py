"""`python -m support.gtp_fake`: the GTP engine with a model of pseudo-random numbers instead of weights."""

from __future__ import annotations

from muzero_engine.engine.engine import Engine
from muzero_engine.protocols.gtp import GtpSession
from muzero_engine.protocols.stdio import open_stdio, run_session
from support.gtp_session import load_hash_model


def main() -> None:
    inbox, writer = open_stdio()
    session = GtpSession(Engine(load_hash_model), writer, inbox, name="MuZero Engine (fake model)")
    run_session(session, inbox)


if __name__ == "__main__":
    main()
