"""A stand-in for the trading bot: starts, says what it was told, keeps a heartbeat, ends on SIGTERM.

The contract that the platform's hosts keep with any bot: settings in the environment (TRADING_MODE, IB_GATEWAY_PORT, STAGE),
`--health` ends with 0 while the heartbeat is fresh, hooks/drain ends with 0 when nothing is left to lose and with 10 while
a position is open.
"""
import os
import pathlib
import signal
import sys
import threading
import time

HEARTBEAT = pathlib.Path(os.environ.get("TRADER_HEARTBEAT", "/tmp/trader-heartbeat"))
FRESH_SECONDS = 30


def healthy():
    try:
        return time.time() - HEARTBEAT.stat().st_mtime < FRESH_SECONDS
    except FileNotFoundError:
        return False


def main():
    ports = {"paper": "4002", "live": "4001"}
    mode = os.environ.get("TRADING_MODE", "paper")
    port = os.environ.get("IB_GATEWAY_PORT", ports.get(mode))
    if ports.get(mode) != port:
        sys.exit(f"TRADING_MODE {mode} does not go with IB_GATEWAY_PORT {port}")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    print(f"trader: {mode}, gateway port {port}", flush=True)
    while not ended.is_set():
        HEARTBEAT.touch()
        ended.wait(5)
    print("trader: ended", flush=True)


if __name__ == "__main__":
    if "--health" in sys.argv:
        sys.exit(0 if healthy() else 1)
    main()
