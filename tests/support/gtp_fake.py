"""`python -m support.gtp_fake [analysis]`: the Go engine with a model of pseudo-random numbers instead of weights."""

from __future__ import annotations

import sys

from muzero_engine.engine.engine import Engine
from muzero_engine.protocols.common.stdio import Session, open_stdio, run_session
from muzero_engine.protocols.gtp.session import GtpSession
from muzero_engine.protocols.katago.session import KatagoAnalysisSession
from support.gtp_session import load_hash_model


def main() -> None:
    inbox, writer = open_stdio()
    engine = Engine(load_hash_model)
    session: Session
    if sys.argv[1:] == ["analysis"]:
        session = KatagoAnalysisSession(engine, writer, inbox)
    else:
        session = GtpSession(engine, writer, inbox, name="MuZero Engine (fake model)")
    run_session(session, inbox)


if __name__ == "__main__":
    main()
