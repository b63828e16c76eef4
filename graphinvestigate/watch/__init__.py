"""A tenant watched: what changed is handed on, open cases are kept up to date, new incidents become cases."""

from graphinvestigate.watch.loop import Watch
from graphinvestigate.watch.matching import Wanted
from graphinvestigate.watch.sinks import FileSink, HttpSink, Sink, StreamSink

__all__ = ["FileSink", "HttpSink", "Sink", "StreamSink", "Wanted", "Watch"]
