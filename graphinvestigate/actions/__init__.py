"""Writing back, staged: verdicts on alerts and incidents, decisions on users. Nothing is sent before it is told to.

>>> import graphinvestigate as gi
>>> client = gi.connect_demo()
>>> alerts = gi.list_alerts(client, limit=1)
>>> staged = gi.actions.stage(client, alerts, status="resolved", comment="Looked into: a planned test.")
>>> staged.apply().results["outcome"].unique().tolist()
['would change']
"""

from graphinvestigate.actions.history import history
from graphinvestigate.actions.staged import Applied, Staged
from graphinvestigate.actions.staging import stage

__all__ = ["Applied", "Staged", "history", "stage"]
